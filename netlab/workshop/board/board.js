// The board: asks for everything once a second and shows it; orders go back. Rows and cells stay where they
// are, so that focus and a screen reader's place stay too.
import view from "./live/view.js";

const data = JSON.parse(document.getElementById("data").textContent);
const say = (text, words = {}) =>
  Object.entries(words).reduce((said, [key, value]) => said.replace(`{${key}}`, value), data.texts[text] ?? text);
const EVERY = 1000, IDLE = 300, AWAY = 90, STUCK_TRIES = 3; // ms; seconds; seconds
const SIGNS = { passed: "✓", failing: "✗", stuck: "✗✗", none: "·" };

function html(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

// Writes only what is different: a live region is read out when it changes, and only then.
function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

async function ask(place, words) {
  const headers = { "Content-Type": "application/json", "X-XSRFToken": data.xsrf };
  const answer = await fetch(place, words === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(words) });
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return answer.json();
}

async function order(what, learner, words) {
  try {
    await ask("api/order", { what, learner, words });
    tell(say("Sent."));
  } catch (error) {
    tell(error.message, true);
  }
  refresh();
}

// -- what is shown ------------------------------------------------------------------------------------------

function stateOf(step) {
  if (!step) return "none";
  if (step.passed && !step.failing) return "passed";
  if (step.failing) return !step.passed && (step.tries >= STUCK_TRIES || step.hints >= 2) ? "stuck" : "failing";
  return step.hints ? "failing" : "none";
}

function described(step) {
  const state = stateOf(step);
  if (state === "none") return say("not yet");
  const parts = [say(state)];
  if (state !== "passed" && step.failing && step.failing !== "?") parts.push(step.failing);
  if (step.tries > 1) parts.push(say("tries: {n}", { n: step.tries }));
  if (step.hints) parts.push(say("hints: {n}", { n: step.hints }));
  if (step.solution) parts.push(say("solution shown"));
  return `${parts.join(", ")} (${say("self-reported")})`;
}

const steps = data.lessons.flatMap((lesson) => lesson.steps.map((step) => ({ ...step, lesson: lesson.id })));
const chosen = () => page.lesson.value;
const shown = () => steps.filter((step) => !chosen() || step.lesson === chosen());
const rows = new Map();
let latest = { learners: [], open: null, work: "", now: 0 };

function where(learner, now) {
  if (!learner.seen || now - learner.seen > AWAY) return "away";
  return !learner.active || now - learner.active > IDLE ? "idle" : "at work";
}

const story = (name) => data.faults.find((fault) => fault.name === name)?.story ?? name;

// What has become of the fault in somebody's lab.
function practised(learner, now) {
  const activity = learner.activity;
  if (!activity || (activity.ended && !activity.trouble)) return "";
  const n = Math.floor(((activity.mended ?? now) - (activity.broken ?? now)) / 60);
  if (activity.trouble) return say("the fault was not put in");
  if (!activity.broken) return say("a fault is put in");
  return `${activity.mended ? say("fixed after {n} min", { n }) : say("fault for {n} min", { n })} (${say("self-reported")})`;
}

// The newest fault: how many have it, and how many have mended it.
function activities(learners) {
  const every = learners.map((learner) => learner.activity).filter(Boolean);
  const newest = Math.max(...every.map((each) => each.number));
  const mine = every.filter((each) => each.number === newest && !each.ended);
  return mine.length ? say("{story} Broken: {broken} of {n}; fixed: {fixed}.", {
    story: story(mine[0].fault), n: mine.length, broken: mine.filter((each) => each.broken).length,
    fixed: mine.filter((each) => each.mended).length }) : "";
}

function newRow(name) {
  const look = html("button", { type: "button", "data-name": name, onclick: () => open(name) }, name);
  const row = { element: html("tr"), where: html("td", { class: "where" }), cells: new Map(), points: html("td") };
  row.element.append(html("th", { scope: "row" }, look), row.where);
  for (const step of shown()) {
    const cell = html("td", { class: "step" });
    row.cells.set(step.id, cell);
    row.element.append(cell);
  }
  row.element.append(row.points);
  return row;
}

function fill(row, learner, now) {
  const state = where(learner, now);
  row.element.className = state === "away" ? "away" : "";
  const minutes = learner.active ? Math.floor((now - learner.active) / 60) : 0;
  put(row.where, [learner.lesson, say(state) + (state === "idle" && minutes ? ` (${say("{n} min", { n: minutes })})` : ""),
    practised(learner, now)].filter(Boolean).join(" · "));
  row.where.title = learner.activity && !learner.activity.ended ? story(learner.activity.fault) : learner.activity?.trouble ?? "";
  let before = "";
  for (const step of shown()) {
    const cell = row.cells.get(step.id);
    const found = learner.steps[step.id];
    const name = `step ${stateOf(found)}${step.lesson !== before ? " first" : ""}`;
    before = step.lesson;
    const text = described(found);
    if (cell.className === name && cell.title === text) continue;
    cell.className = name;
    cell.title = text;
    const detail = ["failing", "stuck"].includes(stateOf(found)) && found.failing && found.failing !== "?" && chosen();
    cell.replaceChildren(html("span", { "aria-hidden": "true" }, SIGNS[stateOf(found)]),
      ...(detail ? [html("small", { "aria-hidden": "true" }, found.failing)] : []), html("span", { class: "hidden" }, text));
  }
  const grades = Object.entries(learner.grades).filter(([lesson]) => !chosen() || lesson === chosen());
  put(row.points, grades.length ? `${sum(grades, 0)} / ${sum(grades, 1)}` : "");
}

const sum = (grades, which) => grades.reduce((total, [, points]) => total + points[which], 0);

function head() {
  const lessons = data.lessons.filter((lesson) => !chosen() || lesson.id === chosen());
  const top = html("tr", { class: "lessons" }, html("td"), html("td"), ...lessons.map((lesson) =>
    html("th", { colspan: lesson.steps.length, scope: "colgroup", class: "first", title: lesson.title },
      chosen() ? `${lesson.id} ${lesson.title}` : lesson.id)), html("td"));
  let before = "";
  const below = html("tr", {}, html("th", { scope: "col" }, say("Learner")), html("th", { scope: "col" }, say("Where")),
    ...shown().map((step) => {
      const first = step.lesson !== before;
      before = step.lesson;
      return html("th", { scope: "col", title: step.title, class: first ? "first" : "" },
        chosen() ? step.id : html("span", { "aria-hidden": "true" }, step.id.replace(/^.*\./, ".")),
        ...(chosen() ? [] : [html("span", { class: "hidden" }, `${step.id} ${step.title}`)]));
    }), html("th", { scope: "col" }, say("points")));
  page.head.replaceChildren(top, below);
}

function draw() {
  const names = new Set(latest.learners.map((learner) => learner.name));
  for (const [name, row] of rows) if (!names.has(name)) { row.element.remove(); rows.delete(name); }
  latest.learners.forEach((learner, at) => {
    if (!rows.has(learner.name)) rows.set(learner.name, newRow(learner.name));
    const row = rows.get(learner.name);
    if (page.body.children[at] !== row.element) page.body.insertBefore(row.element, page.body.children[at] ?? null);
    fill(row, learner, latest.now);
  });
  const every = latest.learners.map((learner) => shown().map((step) => stateOf(learner.steps[step.id])));
  put(page.sum, latest.learners.length ? say("Learners: {n}; done: {passed}, stuck: {stuck}, away: {away}", {
    n: every.length,
    passed: every.filter((mine) => mine.every((state) => state === "passed")).length,
    stuck: every.filter((mine) => mine.includes("stuck")).length,
    away: latest.learners.filter((learner) => where(learner, latest.now) === "away").length,
  }) : say("Nobody is here yet. The class code lets learners in."));
  put(page.open, latest.open === null ? say("All lessons are open.") : say("Open: {lessons}", { lessons: latest.open.join(" ") || "–" }));
  page.next.disabled = page.all.disabled = latest.open === null;
  put(page.work, latest.work);
  put(page.fault, activities(latest.learners));
  page.past.hidden = !latest.announced?.length;
  const told = (latest.announced ?? []).map(([time, text]) => `${new Date(time * 1000).toLocaleTimeString()} ${text}`).join("\n");
  put(page.told, told);
  page.graded.hidden = !latest.graded;
}

function rebuild() {
  rows.clear();
  page.body.replaceChildren();
  head();
  draw();
}

function tell(text, wrong = false) {
  page.said.classList.toggle("wrong", wrong);
  put(page.said, text);
}

// -- one learner --------------------------------------------------------------------------------------------

// What view.js expects of a widget's model; nothing goes back to the learner.
function stillModel() {
  const values = { texts: data.live, picture: {}, packets: false, lanes: {}, at: null, chosen: "", headers: {}, said: [], status: "" };
  const heard = new Map();
  return {
    get: (name) => values[name],
    set: () => {}, save_changes: () => {}, send: () => {}, off: () => {},
    on: (event, act) => heard.set(event, act),
    show: (name, value) => { values[name] = value; heard.get(`change:${name}`)?.(); },
  };
}

let looking = null;

function open(name) {
  const model = stillModel();
  const place = html("div", { tabindex: 0 });
  const fault = faults("fault-one");
  const outcome = html("p", { role: "status", class: "said" });
  const close = html("button", { type: "button", onclick: () => dialog.close() }, say("Close"));
  const dialog = html("dialog", { "aria-labelledby": "whose" },
    html("h2", { id: "whose" }, say("The lab of {name}, as it is now", { name })), place, outcome,
    html("div", { class: "buttons" }, close,
      html("button", { type: "button", onclick: () => confirm(say("Reset {name}'s lab? What was built there is lost.", { name })) && order("reset", name, "") }, say("Put back")),
      fault.label,
      html("button", { type: "button", onclick: () => confirm(say("Break {name}'s lab with “{fault}”? The lab is reset first, and what was built there is lost.", { name, fault: fault.said() }))
        && order("inject", name, fault.select.value) }, say("Break"))));
  document.body.append(dialog);
  const end = view.render({ model, el: place });
  looking = { name, model, outcome };
  dialog.addEventListener("close", () => { looking = null; end(); dialog.remove(); page.body.querySelector(`[data-name="${CSS.escape(name)}"]`)?.focus(); });
  dialog.showModal();
  picture();
}

async function picture() {
  if (!looking) return;
  const { name, model, outcome } = looking;
  const answer = await ask(`api/picture?learner=${encodeURIComponent(name)}`).catch(() => ({}));
  if (answer.boxes) model.show("picture", answer);
  model.show("status", answer.boxes ? "" : answer.words || say("No picture yet: the server is stopped or still starting."));
  const last = latest.learners.find((learner) => learner.name === name)?.outcome;
  put(outcome, last?.[1] ?? "");
}

// -- the page -----------------------------------------------------------------------------------------------

function faults(id) {
  const groups = [...new Set(data.faults.map((fault) => fault.level))].sort().map((level) =>
    html("optgroup", { label: say("Level {n}", { n: level }) },
      html("option", { value: `level ${level}` }, say("drawn at level {n}", { n: level })),
      ...data.faults.filter((fault) => fault.level === level).map((fault) => html("option", { value: fault.name, title: fault.name }, fault.story))));
  const select = html("select", { id, class: "fault" }, ...groups);
  return { select, said: () => select.selectedOptions[0].textContent, label: html("label", { for: id }, say("a fault of the gym"), select) };
}

const page = {
  said: html("p", { class: "said", role: "status" }), sum: html("span", { class: "sum" }), open: html("span"), work: html("p", { role: "status", class: "said" }),
  fault: html("p", { role: "status", class: "said" }), told: html("pre", { tabindex: 0 }),
  lesson: html("select", { id: "lesson", onchange: () => rebuild() }, html("option", { value: "" }, say("all lessons")),
    ...data.lessons.map((lesson) => html("option", { value: lesson.id }, `${lesson.id} ${lesson.title}`))),
  words: html("input", { id: "words", size: 30, maxlength: 500, autocomplete: "off" }),
  head: html("thead"), body: html("tbody"),
  next: html("button", { type: "button", onclick: () => {
    const closed = data.lessons.map((lesson) => lesson.id).filter((id) => !(latest.open ?? []).includes(id));
    order("unlock", "", closed[0] ?? "");
  } }, say("Open the next lesson")),
  all: html("button", { type: "button", onclick: () => order("unlock", "", "") }, say("Open all lessons")),
};
page.past = html("details", { hidden: true }, html("summary", {}, say("What was announced")), page.told);
page.graded = html("a", { href: "graded.zip", download: true, hidden: true }, say("Results (ZIP)"));
const everyone = faults("fault-all");
document.title = `${say("The board")} – netlab`;
document.body.replaceChildren(
  html("header", {}, html("h1", {}, say("The board")), html("span", { class: "code" }, `${say("Class code")}: `, html("b", {}, data.code)), page.sum),
  html("main", {},
    html("div", { class: "bar" },
      html("div", {}, html("label", { for: "lesson" }, say("Lesson"), page.lesson)),
      html("form", { onsubmit: (event) => { event.preventDefault(); order("announce", "", page.words.value).then(() => { page.words.value = ""; }); } },
        html("div", { style: "display: flex; gap: 6px; align-items: end" },
          html("label", { for: "words" }, say("Say to all"), page.words), html("button", {}, say("Announce")))),
      html("div", {}, everyone.label, html("button", { type: "button", onclick: () =>
        confirm(say("Break all labs with “{fault}”? What the learners have built there is put back first.", { fault: everyone.said() }))
        && order("inject", "", everyone.select.value) }, `${say("Break")} (${say("for all")})`)),
      html("div", {}, page.open, page.next, page.all),
      html("div", {},
        html("button", { type: "button", onclick: () => work(false) }, say("Collect")),
        html("button", { type: "button", onclick: () => work(true) }, say("Collect and grade")),
        html("a", { href: "export.csv", download: true }, say("Export CSV")), page.graded)),
    page.said, page.fault, page.work, page.past,
    html("div", { class: "frame", tabindex: 0, role: "region", "aria-label": say("The board") }, html("table", {},
      html("caption", {}, say("Steps, hints and pictures are self-reported: a learner's own kernel says so. Points are graded, out of their reach.")),
      page.head, page.body)),
    html("ul", { class: "legend", "aria-label": say("What the signs mean") }, ...["passed", "failing", "stuck", "none"].map((state) =>
      html("li", {}, html("span", { class: state }, SIGNS[state]), ` ${say(state === "none" ? "not yet" : state)}`)))));

async function work(grade) {
  await ask("api/collect", { grade }).catch((error) => tell(error.message, true));
  refresh();
}

let lost = false;
async function refresh() {
  try {
    latest = await ask("api/now");
    if (lost) tell("");
    lost = false;
    draw();
  } catch {
    lost = true;
    tell(say("The board's server does not answer; trying again."), true);
  }
}

async function forever() {
  for (;;) {
    await Promise.all([refresh(), picture(), new Promise((done) => { setTimeout(done, EVERY); })]);
  }
}

rebuild();
forever();
