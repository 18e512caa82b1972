// One notebook's line to its kernel: a comm to netlab/notebook/desk. The kernel tells the state of the lesson, the page
// hands in predictions and answers. With any other kernel there is no line, and nothing is shown.

const TARGET = "netlab-desk";
const KERNELS = /^netlab/;
const LOST = new Set(["restarting", "autorestarting", "dead", "terminating"]);

export class Connection {
  constructor(panel) {
    this.panel = panel;
    this.state = {};
    this.trouble = ""; // "restarting", "dead" or "server": why what is shown is old
    this.listeners = new Set();
    const session = panel.sessionContext;
    session.ready.then(() => this.connect());
    session.kernelChanged.connect(() => this.connect());
    session.statusChanged.connect((_, status) => this.follow(status));
    session.connectionStatusChanged.connect((_, status) => {
      if (status === "connected" && this.trouble === "server") this.connect();
      else if (status !== "connected" && !LOST.has(session.session?.kernel?.status)) this.fail("server");
    });
    panel.disposed.connect(() => this.close());
  }

  // Whether the notebook is of a lesson, with a kernel that knows it.
  get isLesson() { return Boolean(this.state.lesson); }

  follow(status) {
    if (LOST.has(status)) {
      this.comm = null;
      this.fail(status === "dead" || status === "terminating" ? "dead" : "restarting");
    } else if (status === "idle" && !this.comm) this.connect();
  }

  connect() {
    const kernel = this.panel.sessionContext.session?.kernel;
    this.close();
    if (!kernel || !KERNELS.test(kernel.name)) {
      this.state = {};
      this.changed();
      return;
    }
    this.trouble = "";
    const comm = kernel.createComm(TARGET);
    comm.onMsg = (message) => {
      if (this.comm !== comm) return;
      this.state = message.content.data;
      this.changed();
    };
    comm.onClose = () => { if (this.comm === comm) this.comm = null; };
    this.comm = comm;
    comm.open({ path: this.panel.context.path });
  }

  // A prediction or an answer: {kind, step, key}.
  say(words) { this.comm?.send(words); }

  fail(trouble) {
    this.trouble = trouble;
    this.changed();
  }

  close() {
    const comm = this.comm;
    this.comm = null;
    if (comm && !comm.isDisposed) {
      try { comm.close(); } catch { /* its kernel is gone */ }
    }
  }

  changed() { for (const listener of this.listeners) listener(); }
}
