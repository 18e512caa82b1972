// The learner's desk: the lesson on the left, the live view on the upper right, a terminal of the lab host below it, and
// a bar with the lesson's steps. Each part is JupyterLab's own and may be closed and moved; `netlab: desk` brings all back.

import { Connection } from "./connection.js";
import { makeBar } from "./bar.js";
import { makePane } from "./live.js";
import { MIME, makeRenderer } from "./question.js";

const WIDE = 1200; // pixels of the window, from which on there is room side by side
const LESSON = 0.5, LIVE = 0.64; // shares of the width and of the height
const PANES = "netlab-desk"; // what JupyterLab keeps of the pane begins so; it throws away all else that does
const KEPT = "netlab-layout:desk"; // in JupyterLab's workspace: "wide", "narrow", or "plain"

// The texts of the server's language, until a kernel has told those of the notebook's.
function serverTexts() {
  try {
    return JSON.parse(JSON.parse(document.getElementById("jupyter-config-data").textContent).netlabDesk ?? "{}");
  } catch {
    return {};
  }
}

class Desk {
  constructor(app, { notebooks, state, terminals, restorer }, { Widget, WidgetTracker, Pane, say }) {
    Object.assign(this, { app, notebooks, state, terminals, say, Pane, Widget });
    this.connections = new Map();
    this.panes = new WidgetTracker({ namespace: PANES });
    restorer?.restore(this.panes, { command: "netlab:live", name: () => "live" });
    notebooks.widgetAdded.connect((_, panel) => this.welcome(panel));
    notebooks.currentChanged.connect(() => this.follow());
    notebooks.forEach((panel) => this.welcome(panel));
    this.kept = app.restored.then(() => state.fetch(KEPT)).catch(() => undefined);
    this.kept.then((kept) => this.mark(kept));
  }

  // -- notebooks -----------------------------------------------------------------------------------------------

  welcome(panel) {
    if (this.connections.has(panel)) return;
    const connection = new Connection(panel);
    this.connections.set(panel, connection);
    panel.disposed.connect(() => {
      this.connections.delete(panel);
      this.follow();
    });
    makeBar(this.Widget, connection, this);
    connection.listeners.add(() => this.arrive(connection));
  }

  connectionOf(node) {
    return [...this.connections.values()].find(({ panel }) => panel.node.contains(node));
  }

  // The notebook in front, if it is a lesson's; else the lesson that was there before.
  follow() {
    const pane = this.pane();
    const current = this.connections.get(this.notebooks.currentWidget);
    const shown = pane?.connection;
    if (!pane) return;
    if (current && (current.isLesson || current.state.live)) pane.follow(current);
    else if (shown && !this.connections.has(shown.panel)) pane.follow(undefined);
  }

  // A kernel has told of its lesson: the first one on a page brings the desk.
  async arrive(connection) {
    if (!connection.isLesson || this.isArriving) { this.follow(); return; }
    this.isArriving = true;
    const kept = await this.kept;
    if (kept !== "plain" && kept !== this.room()) await this.open(connection.panel);
    this.follow();
  }

  // -- the desk ------------------------------------------------------------------------------------------------

  room() { return window.innerWidth >= WIDE ? "wide" : "narrow"; }

  pane() { return this.made && !this.made.isDisposed ? this.made : null; }

  makePane() {
    const found = this.pane();
    if (found) return found;
    const pane = new this.Pane();
    this.made = pane;
    this.panes.add(pane); // for JupyterLab to keep where it is
    return pane;
  }

  // All of it, where it belongs, whatever has been closed or moved.
  async open(panel = this.notebooks.currentWidget) {
    const { shell } = this.app;
    const room = this.room();
    const pane = this.makePane();
    this.keep(room);
    shell.collapseLeft();
    if (!panel) {
      shell.add(pane, "main", { mode: "split-right" });
    } else if (room === "wide") {
      if (pane.isAttached) pane.parent = null;
      shell.add(pane, "main", { ref: panel.id, mode: "split-right", activate: false });
    } else {
      shell.add(pane, "right", { rank: 100 });
    }
    const terminal = await this.terminal();
    if (terminal && panel) {
      const place = room === "wide" ? { ref: pane.id, mode: "split-bottom" } : { ref: panel.id, mode: "tab-after" };
      shell.add(terminal, "main", { ...place, activate: false });
    }
    if (room === "wide") this.share(pane);
    if (panel) shell.activateById(panel.id);
    this.follow();
  }

  // The terminal that is there, or a new one; null where there are none.
  async terminal() {
    const found = this.terminals?.currentWidget;
    if (found && !found.isDisposed) return found;
    try {
      return await this.app.commands.execute("terminal:create-new");
    } catch {
      return null;
    }
  }

  // The lesson gets half of the width, the live view more of the height than the terminal.
  share(pane) {
    const dock = pane.parent;
    const layout = dock?.saveLayout?.();
    const holds = (area) => (area.type === "tab-area" ? area.widgets.includes(pane) : area.children.some(holds));
    const walk = (area) => {
      if (area.type !== "split-area") return;
      const place = area.children.findIndex(holds);
      const share = area.orientation === "horizontal" ? LESSON : LIVE;
      if (place >= 0 && area.children.length === 2) {
        const own = area.orientation === "horizontal" ? 1 - share : share;
        area.sizes = place === 0 ? [own, 1 - own] : [1 - own, own];
      }
      area.children.forEach(walk);
    };
    if (!layout?.main) return;
    walk(layout.main);
    dock.restoreLayout(layout);
  }

  showLive(connection) {
    const pane = this.makePane();
    if (!pane.isAttached) {
      const narrow = this.room() === "narrow";
      this.app.shell.add(pane, narrow ? "right" : "main", narrow ? { rank: 100 } : { ref: connection.panel.id, mode: "split-right" });
    }
    pane.follow(connection);
    this.app.shell.activateById(pane.id);
  }

  // Plain JupyterLab.
  leave() {
    this.keep("plain");
    this.pane()?.dispose();
    this.app.shell.expandLeft();
  }

  keep(layout) {
    this.kept = Promise.resolve(layout);
    this.state.save(KEPT, layout).catch(() => {});
    this.mark(layout);
  }

  mark(layout) { document.body.classList.toggle("netlab-plain", layout === "plain"); }

  async run(panel, index) {
    panel.content.activeCellIndex = index;
    this.app.shell.activateById(panel.id);
    await this.app.commands.execute("notebook:run-cell");
  }
}

export async function plugin(shared) {
  const names = ["application", "apputils", "notebook", "rendermime", "statedb", "terminal"];
  const [application, apputils, notebook, rendermime, statedb, terminal] =
    await Promise.all(names.map((name) => shared(`@jupyterlab/${name}`)));
  const { Widget } = await shared("@lumino/widgets");
  const texts = serverTexts();
  const say = (text, own = {}) => own[text] ?? texts[text] ?? text;

  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = new URL("desk.css", import.meta.url);
  document.head.append(style);

  return {
    id: "netlab-desk:desk",
    autoStart: true,
    requires: [notebook.INotebookTracker, rendermime.IRenderMimeRegistry, statedb.IStateDB],
    optional: [apputils.ICommandPalette, application.ILayoutRestorer, terminal.ITerminalTracker],
    activate: (app, notebooks, registry, state, palette, restorer, terminals) => {
      const Pane = makePane(Widget, say);
      const desk = new Desk(app, { notebooks, state, terminals, restorer }, { Widget, WidgetTracker: apputils.WidgetTracker, Pane, say });
      const Question = makeRenderer(Widget, (node) => desk.connectionOf(node));
      registry.addFactory({ safe: true, mimeTypes: [MIME], defaultRank: 5, createRenderer: () => new Question() });
      const commands = {
        "netlab:desk": { label: say("netlab: desk"), caption: say("Lesson, live view and terminal side by side"), execute: () => desk.open() },
        "netlab:plain": { label: say("netlab: plain JupyterLab"), execute: () => desk.leave() },
        "netlab:live": {
          label: say("Live view"),
          execute: () => {
            const pane = desk.makePane();
            if (!pane.isAttached) app.shell.add(pane, "main", { mode: "split-right", activate: false });
          },
        },
      };
      for (const [id, command] of Object.entries(commands)) app.commands.addCommand(id, command);
      for (const command of ["netlab:desk", "netlab:plain"]) palette?.addItem({ command, category: "netlab" });
    },
  };
}
