// The live view: draws what netlab/live/picture.py sends. Elements keep their ids, and move where they belong.

const SVG = "http://www.w3.org/2000/svg";
const SIGNS = { up: "●", "no carrier": "○", down: "✕" };

function element(name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

function place(node, x, y) {
  node.style.transform = `translate(${x}px, ${y}px)`;
}

function words(text) {
  const classes = ["text", text.mono && "mono", text.muted && "muted", text.bold && "bold"].filter(Boolean);
  return element("text", { x: text.x, y: text.y, class: classes.join(" "), "font-size": text.size }, text.text);
}

function box(found) {
  const [x, y, width, height] = found.rect;
  const made = element("g", { class: "box" });
  made.append(element("rect", { x, y, width, height, rx: 7 }));
  for (const [gx, gy, gw, gh] of found.groups) {
    made.append(element("rect", { x: gx, y: gy, width: gw, height: gh, rx: 4, class: "group" }));
  }
  made.append(...found.texts.map(words));
  return made;
}

function fill(card, found) {
  const [, , width, height] = found.rect;
  card.setAttribute("class", `card ${found.state.replace(" ", "-")} ${found.mark ? "marked" : ""}`);
  card.setAttribute("aria-label", found.details);
  const title = element("title", {}, found.details);
  const sign = element("text", { x: 5, y: found.head, class: "sign" }, SIGNS[found.state]);
  const name = element("text", { x: 18, y: found.head, class: "name" }, found.name);
  const lines = found.lines.map((line) =>
    line.kind === "beside"
      ? element("text", { x: width - 6, y: line.y, class: "text mono end" }, line.text)
      : element("text", { x: 6, y: line.y, class: `text ${line.kind}` }, line.text));
  card.replaceChildren(title, element("rect", { width, height, rx: 3.5 }), sign, name, ...lines);
  place(card, found.rect[0], found.rect[1]);
}

// Keeps one element for each id: makes what is new, changes what is there, removes what is gone.
function keep(layer, kept, wanted, make, update) {
  const ids = new Set(wanted.map((item) => String(item.id)));
  for (const [id, node] of kept) {
    if (ids.has(id)) continue;
    node.remove();
    kept.delete(id);
  }
  for (const item of wanted) {
    const id = String(item.id);
    if (!kept.has(id)) {
      kept.set(id, make(item));
      layer.append(kept.get(id));
    }
    update(kept.get(id), item);
  }
}

function render({ model, el }) {
  el.classList.add("netlab-live");
  const svg = element("svg", { role: "group" });
  const [boxes, cables, cards] = ["boxes", "cables", "cards"].map((name) => element("g", { class: name }));
  svg.append(boxes, cables, cards);
  const details = document.createElement("p");
  details.className = "details";
  details.textContent = "Point at an interface, or move to it with Tab, to read all about it.";
  const status = document.createElement("p");
  status.className = "status";
  status.setAttribute("role", "status");
  const said = document.createElement("ol");
  said.className = "said";
  said.setAttribute("aria-label", "What has changed, the newest last");
  said.setAttribute("aria-live", "polite");
  el.append(svg, details, status, said);
  const keptCards = new Map();
  const keptCables = new Map();

  function newCard() {
    const card = element("g", { tabindex: 0, role: "img" });
    for (const event of ["pointerenter", "focus"]) {
      card.addEventListener(event, () => { details.textContent = card.getAttribute("aria-label"); });
    }
    return card;
  }

  function draw() {
    const picture = model.get("picture");
    if (!picture.boxes) return;
    svg.setAttribute("viewBox", `0 0 ${picture.width} ${picture.height}`);
    svg.setAttribute("aria-label", picture.words);
    boxes.replaceChildren(...picture.boxes.map(box));
    keep(cables, keptCables, picture.cables, () => element("polyline", { class: "cable" }), (cable, found) => {
      cable.setAttribute("points", found.points.map((spot) => spot.join(",")).join(" "));
      cable.classList.toggle("dashed", found.dashed);
    });
    keep(cards, keptCards, picture.cards, newCard, fill);
    el.dataset.drawn = String(Number(el.dataset.drawn || 0) + 1);
  }

  function tell() {
    status.textContent = model.get("status");
    el.classList.toggle("away", Boolean(model.get("status")));
    said.replaceChildren(...model.get("said").map((text) => {
      const item = document.createElement("li");
      item.textContent = text;
      return item;
    }));
    said.scrollTop = said.scrollHeight;
  }

  model.on("change:picture", draw);
  model.on("change:said", tell);
  model.on("change:status", tell);
  draw();
  tell();
  return () => {
    model.off("change:picture", draw);
    model.off("change:said", tell);
    model.off("change:status", tell);
  };
}

export default { render };
