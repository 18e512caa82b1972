// The slim bar above a lesson: its steps, and in one line what comes next. A click on a step goes to its place.

import { button, html } from "./elements.js";

const SIGNS = { passed: "✔", holds: "✓", open: "○" };
const TROUBLES = {
  restarting: "The kernel restarts …",
  dead: "The kernel has ended. Kernel → Restart Kernel, then run the first cell.",
  server: "The server does not answer. Is ./run still running?",
};

// The index of the cell that begins with the heading of a step; -1 if there is none.
function headingOf(notebook, step) {
  const heading = new RegExp(`^#+ ${step.replaceAll(".", "\\.")}\\b`, "m");
  return notebook.widgets.findIndex((cell) => cell.model.type === "markdown" && heading.test(cell.model.sharedModel.source));
}

// `desk`: showLive(connection), leave(), run(panel, index), say(text, texts).
export function makeBar(Widget, connection, desk) {
  const { panel } = connection;
  const node = html("nav", { class: "netlab-bar" });
  const bar = new Widget({ node });
  const steps = html("ol");
  const line = html("span", { class: "netlab-line", role: "status" });
  const actions = html("span", { class: "netlab-actions" });
  node.append(steps, actions, line);
  let drawn = "";

  const show = (index) => {
    const notebook = panel.content;
    notebook.activeCellIndex = index;
    notebook.scrollToItem(index, "start").catch(() => {});
  };
  const goTo = (step) => {
    const index = headingOf(panel.content, step);
    if (index >= 0) show(index);
  };
  const begin = () => {
    const index = panel.content.widgets.findIndex((cell) => cell.model.type === "code");
    if (index < 0) return;
    show(index);
    desk.run(panel, index);
  };

  function chip(step, now) {
    const current = step.id === now;
    const words = `${step.id} ${step.title}: ${step.words}`;
    const made = button(`netlab-step ${step.state}`, "", words, () => goTo(step.id));
    made.append(html("span", { "aria-hidden": "true" }, SIGNS[step.state]), ` ${step.id}`);
    made.setAttribute("aria-label", words);
    if (current) made.setAttribute("aria-current", "step");
    return html("li", {}, made);
  }

  function draw() {
    const { state, trouble } = connection;
    bar.setHidden(!connection.isLesson);
    if (!connection.isLesson) return;
    const say = (text) => desk.say(text, state.texts);
    line.textContent = trouble ? say(TROUBLES[trouble]) : state.error || state.line;
    line.title = line.textContent;
    node.classList.toggle("away", Boolean(trouble));
    const news = JSON.stringify([state.steps, state.now, state.begun, state.texts]);
    if (news === drawn) return; // what has the focus keeps it
    drawn = news;
    node.setAttribute("aria-label", say("The lesson's steps"));
    steps.replaceChildren(...state.steps.map((step) => chip(step, state.now)));
    actions.replaceChildren(
      ...(state.begun ? [] : [button("netlab-begin", say("▶ Begin"), say("Run the first cell of this lesson"), begin)]),
      button("netlab-live-button", say("Live view"), say("Bring the live view to the front"), () => desk.showLive(connection)),
      button("netlab-plain", say("Plain JupyterLab"), say("Close the desk; “netlab: desk” in the command palette brings it back"), () => desk.leave()));
  }

  bar.hide();
  connection.listeners.add(draw);
  panel.contentHeader.addWidget(bar);
  draw();
  return bar;
}
