// A prediction or an answer as buttons in its cell's output. What is chosen goes to the kernel, which keeps it as it
// keeps what is typed; without one the question is there to be read.

import { html } from "./elements.js";

export const MIME = "application/vnd.netlab.question+json";
let count = 0;

export function makeRenderer(Widget, connectionOf) {
  return class Question extends Widget {
    constructor() {
      super({ node: html("div", { class: "netlab-question" }) });
    }

    async renderModel(model) {
      this.asked = model.data[MIME];
      const { asked } = this;
      const name = `netlab-question-${count += 1}`;
      this.inputs = asked.options.map(([key]) => html("input", { type: "radio", name, value: key }));
      const choices = asked.options.map(([key, meaning], number) =>
        html("label", {}, this.inputs[number], html("span", {}, meaning), html("code", {}, key)));
      if (!choices.length) {
        this.inputs = [html("input", { type: "text", name, "aria-label": asked.text, autocomplete: "off" })];
        choices.push(...this.inputs);
      }
      this.submit = html("button", { type: "submit" }, asked.submit);
      this.fields = html("fieldset", {}, html("legend", {}, asked.text), ...choices, this.submit);
      this.words = html("p", { role: "status" });
      const form = html("form", {}, this.fields, this.words);
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.hand();
      });
      form.addEventListener("keydown", (event) => event.stopPropagation()); // no letter of an answer is a command
      form.addEventListener("change", () => { this.isTouched = true; });
      this.node.replaceChildren(html("strong", {}, asked.title), form);
      this.draw();
    }

    hand() {
      const key = this.inputs.length === 1 && this.inputs[0].type === "text"
        ? this.inputs[0].value.trim()
        : this.inputs.find((input) => input.checked)?.value;
      if (!key) return;
      this.isTouched = false;
      this.connection?.say({ kind: this.asked.kind, step: this.asked.step, key });
    }

    onAfterAttach() {
      this.connection = connectionOf(this.node);
      this.drawNow = () => this.draw();
      this.connection?.listeners.add(this.drawNow);
      this.draw();
    }

    onBeforeDetach() { this.connection?.listeners.delete(this.drawNow); }

    draw() {
      if (!this.asked) return;
      const state = this.connection?.state ?? {};
      const { kind, step, away } = this.asked;
      const here = Boolean(this.connection?.comm) && state.begun && step.startsWith(`${state.lesson}.`);
      const given = state.said?.[`${kind} ${step}`];
      this.fields.disabled = !here;
      this.words.textContent = here ? given?.words ?? "" : away;
      if (!given || this.isTouched) return;
      for (const input of this.inputs) {
        if (input.type === "text") input.value = given.key;
        else input.checked = input.value === given.key;
      }
    }
  };
}
