// The live view beside the lesson: another page of the very widget that the lesson's cell shows, drawn by the same
// script. While it is in sight here, the cell says so in one line.

import { html } from "./elements.js";

const VIEW = "application/vnd.jupyter.widget-view+json";
const TRIES = 20, PAUSE = 250; // the widget may come a moment after its name, or with a restored page

export function makePane(Widget, say) {
  return class LivePane extends Widget {
    constructor() {
      super({ node: html("div", { class: "netlab-pane" }) });
      this.id = "netlab-live-pane";
      this.title.label = say("Live view");
      this.title.closable = true;
      this.words = html("p", {}, say("Run the first cell of the lesson: the lab, live, is shown here."));
      this.node.append(this.words);
      this.listen = () => this.draw();
    }

    // Show the live view of that notebook from now on.
    follow(connection) {
      if (connection === this.connection) return;
      this.connection?.listeners.delete(this.listen);
      this.stepAside(false);
      this.connection = connection;
      connection?.listeners.add(this.listen);
      this.draw();
    }

    draw() {
      const { state, trouble, panel } = this.connection ?? { state: {} };
      const texts = state.texts ?? {};
      this.title.label = say("Live view", texts);
      const model = panel && !panel.isDisposed ? state.live : "";
      this.node.classList.toggle("away", Boolean(trouble));
      if (model && model !== this.model) this.put(model);
      if (!model && !trouble) this.clear();
      const isEnded = trouble === "dead" || trouble === "restarting";
      this.words.textContent = isEnded
        ? say("The live view is of a kernel that has ended. Run the first cell of the lesson.", texts)
        : say("Run the first cell of the lesson: the lab, live, is shown here.", texts);
      this.words.hidden = Boolean(this.view) && !isEnded;
      this.stepAside(this.isVisible && Boolean(this.view));
    }

    async put(model) {
      this.clear();
      this.model = model;
      const { rendermime } = this.connection.panel.content;
      for (let tried = 0; tried < TRIES && this.model === model && !this.isDisposed; tried += 1) {
        const view = rendermime.createRenderer(VIEW);
        const data = { [VIEW]: { version_major: 2, version_minor: 0, model_id: model } };
        await view.renderModel({ data, metadata: {}, trusted: true, setData: () => {} }).catch(() => {});
        if (this.model !== model || this.isDisposed) { view.dispose(); return; }
        if (view.node.querySelector(".netlab-live") || view.node.querySelector(".jupyter-widgets")) {
          this.view = view;
          Widget.attach(view, this.node);
          this.draw();
          return;
        }
        view.dispose();
        await new Promise((done) => { setTimeout(done, PAUSE); });
      }
      if (this.model === model) this.model = "";
    }

    clear() {
      this.model = "";
      const { view } = this;
      this.view = null;
      if (view) { Widget.detach(view); view.dispose(); }
    }

    // The notebook's own copy is a line while this one is in sight (netlab/notebook/live/view.js).
    stepAside(aside) {
      const node = this.connection?.panel.node;
      if (!node || aside === ("netlabAside" in node.dataset)) return;
      if (aside) node.dataset.netlabAside = "";
      else delete node.dataset.netlabAside;
      document.dispatchEvent(new Event("netlab-desk"));
    }

    onAfterShow() { this.draw(); }
    onAfterHide() { this.draw(); }
    onAfterAttach() { this.draw(); }

    dispose() {
      if (this.isDisposed) return;
      this.clear();
      this.stepAside(false);
      this.connection?.listeners.delete(this.listen);
      super.dispose();
    }

    onCloseRequest() { this.dispose(); }
  };
}
