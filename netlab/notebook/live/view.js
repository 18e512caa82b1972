// The live view: draws what netlab/notebook/live sends. The topology and the timeline are laid out there, in points;
// here elements keep their ids and move where they belong, packets travel, and wishes are sent back.

const SVG = "http://www.w3.org/2000/svg";
const SIGNS = { up: "●", "no carrier": "○", down: "✕" };
const QUIET = 1.6, SCALE = 90; // as in netlab/notebook/live/lanes.py
const PIECE = 260; // ms that a packet takes from one interface to the next
const ROOMY = 0.6; // the share of its height below which a picture is made lower again
const NEAR = 20, JOURNEY = 600; // points; ms, as in view.css
const LATE = 1500; // ms that a packet may wait for those before it; if longer, it is not seen moving
const STILL = window.matchMedia("(prefers-reduced-motion: reduce)");
const KERNEL = {
  dead: "The kernel has died. This is its last picture; run the cell again when there is a new one.",
  restarting: "The kernel restarts. This is its last picture; run the cell again to go on.",
  autorestarting: "The kernel has died and restarts. This is its last picture; run the cell again to go on.",
};

// A text in the language of the view: `model.get("texts")` holds it by its English, for those of netlab/notebook/live/texts.py.
const speaker = (texts) => (text) => texts[text] ?? text;

// -- elements ------------------------------------------------------------------------------------------------

function element(name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

function html(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const path = (points) => points.map((spot) => spot.join(",")).join(" ");

function place(node, x, y) {
  node.style.transform = `translate(${x}px, ${y}px)`;
}

// Whether that is something else than the element was drawn from last.
function isNews(node, found) {
  const drawn = JSON.stringify(found);
  const isNew = node.drawn !== drawn;
  node.drawn = drawn;
  return isNew;
}

// A card that only makes room for another is there at once: what is seen moving is what has moved.
function moveTo(card, [x, y]) {
  const [left, top] = card.spot ?? [x, y];
  const now = performance.now();
  if (Math.hypot(x - left, y - top) > NEAR) card.arrives = now + JOURNEY;
  card.toggleAttribute("data-near", !(card.arrives > now));
  card.spot = [x, y];
  place(card, x, y);
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

// The sign of a packet: by its shape, and its colour.
function sign(kind, size) {
  if (kind === "reply") return element("rect", { x: -size, y: -size, width: 2 * size, height: 2 * size, class: "reply" });
  if (kind === "error") return element("path", { d: `M0 ${-size * 1.3}L${size * 1.3} 0 0 ${size * 1.3} ${-size * 1.3} 0Z`, class: "error" });
  return element("circle", { r: kind === "arp" ? size * 0.65 : size, class: kind });
}

function cross(x, y, size, circled) {
  const made = element("g", { class: "death", transform: `translate(${x} ${y})` });
  if (circled) made.append(element("circle", { r: size }));
  const half = circled ? size * 0.48 : size;
  made.append(element("path", { d: `M${-half} ${-half}L${half} ${half}M${-half} ${half}L${half} ${-half}` }));
  return made;
}

// -- the topology --------------------------------------------------------------------------------------------

function words(text) {
  const classes = ["text", text.mono && "mono", text.muted && "muted", text.bold && "bold"].filter(Boolean);
  return element("text", { x: text.x, y: text.y, class: classes.join(" "), "font-size": text.size }, text.text);
}

function fillBox(box, found) {
  const [x, y, width, height] = found.rect;
  place(box, x, y);
  if (!isNews(box, [width, height, found.groups, found.texts])) return;
  box.replaceChildren(
    element("rect", { width, height, rx: 7 }),
    ...found.groups.map(([gx, gy, gw, gh]) => element("rect", { x: gx, y: gy, width: gw, height: gh, rx: 4, class: "group" })),
    ...found.texts.map(words));
}

function fill(card, found) {
  const [, , width, height] = found.rect;
  moveTo(card, found.rect);
  if (!isNews(card, [width, height, found.details, found.mark, found.lines, found.head])) return;
  card.setAttribute("class", `card ${found.state.replace(" ", "-")} ${found.mark ? "marked" : ""}`);
  card.setAttribute("aria-label", found.details);
  const title = element("title", {}, found.details);
  const state = element("text", { x: 5, y: found.head, class: "sign" }, SIGNS[found.state]);
  const name = element("text", { x: 18, y: found.head, class: "name" }, found.name);
  const lines = found.lines.map((line) =>
    line.kind === "beside"
      ? element("text", { x: width - 6, y: line.y, class: "text mono end" }, line.text)
      : element("text", { x: 6, y: line.y, class: `text ${line.kind}` }, line.text));
  card.replaceChildren(title, element("rect", { width, height, rx: 3.5 }), state, name, ...lines);
}

class Topology {
  constructor(tell) {
    this.svg = element("svg", { role: "group", class: "topology" });
    this.layers = {};
    for (const name of ["boxes", "cables", "marks", "moving", "cards", "notes"]) {
      this.layers[name] = element("g", { class: name });
      this.svg.append(this.layers[name]);
    }
    this.cards = new Map();
    this.cables = new Map();
    this.tell = tell;
    this.boxes = new Map();
    this.height = 0;
  }

  newCard() {
    const card = element("g", { tabindex: 0, role: "img" });
    for (const event of ["pointerenter", "focus"]) {
      card.addEventListener(event, () => this.tell(card.getAttribute("aria-label")));
    }
    return card;
  }

  draw(picture) {
    // The page below does not jump with every interface that comes or goes, nor has all of it to be drawn again.
    if (picture.height > this.height || picture.height < this.height * ROOMY) this.height = picture.height;
    const viewBox = `0 0 ${picture.width} ${this.height}`;
    if (isNews(this.svg, viewBox)) this.svg.setAttribute("viewBox", viewBox);
    this.svg.setAttribute("aria-label", picture.words);
    keep(this.layers.boxes, this.boxes, picture.boxes, () => element("g", { class: "box" }), fillBox);
    const newCable = () => element("polyline", { class: "cable" });
    keep(this.layers.cables, this.cables, picture.cables, newCable, (cable, found) => {
      if (isNews(cable, found.points)) cable.setAttribute("points", path(found.points));
      cable.classList.toggle("dashed", found.dashed);
    });
    keep(this.layers.cards, this.cards, picture.cards, () => this.newCard(), fill);
  }

  mark(marks) {
    this.layers.marks.replaceChildren(...marks.map((found) => {
      const made = element("g", { class: "mark", role: "img", tabindex: 0, "aria-label": found.words });
      made.append(element("polyline", { class: "end", points: path(found.way) }), cross(...found.cross, 7.5, true));
      for (const [x, y, text, bold] of found.note) {
        made.append(element("text", { x, y, class: `text halo ${bold ? "bold death" : "ink"}` }, text));
      }
      for (const event of ["pointerenter", "focus"]) made.addEventListener(event, () => this.tell(found.words));
      return made;
    }));
  }
}

// -- packets that move ---------------------------------------------------------------------------------------

function along(points, share) {
  const steps = points.slice(1).map(([x, y], i) => Math.hypot(x - points[i][0], y - points[i][1]));
  let left = share * steps.reduce((sum, step) => sum + step, 0);
  for (let i = 0; i < steps.length; i += 1) {
    if (left <= steps[i] && steps[i]) {
      const part = left / steps[i];
      return points[i].map((value, axis) => value + (points[i + 1][axis] - value) * part);
    }
    left -= steps[i];
  }
  return points[points.length - 1];
}

class Traffic {
  constructor({ moving, notes }) {
    this.layer = moving;
    this.notes = notes;
    this.seen = new Set();
    this.running = new Set();
    this.free = 0; // when the last one started, or ended
    this.ended = 0;
  }

  // Those that were seen already are not shown again; `at once` shows one however often it was.
  show(motions, quietly) {
    const now = performance.now();
    for (const motion of motions) {
      if (this.seen.has(motion.id)) continue;
      this.seen.add(motion.id);
      if (quietly) continue;
      const start = Math.max(now, motion.answers ? this.ended : this.free + 150);
      if (start - now > LATE) continue;
      this.free = start;
      this.ended = start + PIECE * motion.pieces.length;
      this.run(motion, start, PIECE);
    }
    if (this.seen.size > 2000) this.seen = new Set([...this.seen].slice(-500));
  }

  alone(motion) {
    for (const one of this.running) one.stop();
    if (motion) this.run(motion, performance.now(), 3 * PIECE);
  }

  run(motion, start, piece) {
    const group = element("g", { class: `packet ${motion.kind}` });
    const ways = motion.pieces.flatMap((part) => part.ways).map((way) => element("polyline", { class: "way", points: path(way) }));
    const dot = sign(motion.kind, 4.2);
    const notes = element("g");
    group.append(...ways, dot);
    this.notes.append(notes);
    const one = { stop: () => { group.remove(); notes.remove(); this.running.delete(one); cancelAnimationFrame(one.frame); } };
    let noted = -1;
    const step = (now) => {
      const passed = STILL.matches ? motion.pieces.length : (now - start) / piece;
      if (passed >= 0 && !group.parentNode) this.layer.append(group);
      const number = Math.min(Math.floor(passed), motion.pieces.length - 1);
      if (number >= 0) {
        const [x, y] = along(motion.pieces[number].ways.flat(), Math.min(passed - number, 1));
        dot.setAttribute("transform", `translate(${x} ${y})`);
      }
      for (; noted < number; noted += 1) this.note(notes, motion.pieces[noted + 1]);
      if (passed >= motion.pieces.length) dot.remove();
      if (now - start > piece * motion.pieces.length + 1600) one.stop();
      else one.frame = requestAnimationFrame(step);
    };
    this.running.add(one);
    one.frame = requestAnimationFrame(step);
  }

  note(layer, piece) {
    for (const [x, y, text] of piece.note || []) layer.append(element("text", { x, y, class: "text halo bold" }, text));
  }
}

// -- the timeline --------------------------------------------------------------------------------------------

class Timeline {
  constructor(tell, choose) {
    const id = `strip-${Math.random().toString(36).slice(2)}`;
    this.svg = element("svg", { role: "group", class: "timeline" });
    this.window = element("rect", { y: 0 });
    const clip = element("clipPath", { id });
    clip.append(this.window);
    this.lanes = element("g", { class: "lanes" });
    this.strip = element("g", { class: "strip" });
    this.tracks = element("g");
    this.texts = element("g");
    this.strip.append(this.tracks, this.texts);
    const inside = element("g", { "clip-path": `url(#${id})` });
    inside.append(this.strip);
    this.svg.append(clip, this.lanes, inside);
    this.kept = new Map();
    this.tell = tell;
    this.choose = choose;
    this.x = null;
  }

  draw(found) {
    this.found = found;
    this.received = performance.now();
    this.svg.setAttribute("viewBox", `0 0 ${found.width} ${found.height}`);
    this.svg.setAttribute("aria-label", found.words);
    for (const [name, value] of [["x", found.left - 8], ["width", found.width - found.left], ["height", found.height]]) {
      this.window.setAttribute(name, value);
    }
    this.lanes.replaceChildren(...found.lanes.flatMap((lane) => [
      element("line", { x1: found.left - 4, x2: found.width - 10, y1: lane.y, y2: lane.y }),
      element("text", { x: 10, y: lane.y, class: "name" }, lane.name),
    ]));
    keep(this.tracks, this.kept, found.tracks, (track) => this.newTrack(track), (node, track) => this.track(node, track));
    this.texts.replaceChildren(
      ...found.tracks.filter((track) => track.kind !== "reply" && track.spots.length).map((track) => element(
        "line", { x1: track.spots[0][0], x2: track.spots[0][0], y1: found.ticks, y2: found.ticks + 5, class: "tick" })),
      ...found.texts.map(([x, y, text, kind]) => element("text", { x, y, class: `text halo ${kind}` }, text)));
    if (found.at !== null) this.x = null;
    this.move();
  }

  newTrack(track) {
    const node = element("g", { tabindex: 0, role: "button" });
    node.addEventListener("click", () => this.choose(track.id));
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { this.choose(track.id); event.preventDefault(); }
    });
    for (const event of ["pointerenter", "focus"]) {
      node.addEventListener(event, () => this.tell(node.getAttribute("aria-label")));
    }
    return node;
  }

  track(node, track) {
    if (!isNews(node, track)) return;
    node.setAttribute("class", `track ${track.kind}`);
    node.setAttribute("aria-label", track.words);
    const parts = [element("title", {}, track.words)];
    if (track.spots.length > 1) {
      parts.push(element("polyline", { points: path(track.spots), class: "touch" }),
        element("polyline", { points: path(track.spots), class: "line" }));
    }
    if (track.expected) {
      const [[ax, ay], [bx, by]] = [track.spots[track.spots.length - 1], track.expected];
      parts.push(element("line", { x1: ax, y1: ay, x2: bx, y2: by, class: "end" }),
        element("circle", { cx: bx, cy: by, r: 4, class: "ring" }), cross(...track.cross, 3.6, false));
    }
    for (const [x, y] of track.spots) {
      const spot = sign(track.kind, 3);
      spot.setAttribute("transform", `translate(${x} ${y})`);
      parts.push(spot);
    }
    node.replaceChildren(...parts);
  }

  choice(id) {
    for (const [name, node] of this.kept) {
      node.classList.toggle("chosen", name === id);
      node.setAttribute("aria-pressed", String(name === id));
    }
  }

  // The strip goes on while it is quiet, as far as the next packet will not be drawn farther away anyway.
  move() {
    cancelAnimationFrame(this.frame);
    const { found } = this;
    const quiet = found.at === null ? found.quiet + (performance.now() - this.received) / 1000 : 0;
    const end = Math.max(found.end + 26, found.last + Math.min(quiet, QUIET) * SCALE);
    const first = Math.min(...found.tracks.flatMap((track) => track.spots.map((spot) => spot[0])), end);
    const wanted = Math.min(found.left + 46 - first, found.width - 10 - end);
    const before = this.x ?? wanted;
    const far = STILL.matches || Math.abs(wanted - before) > found.width;
    this.x = far || Math.abs(wanted - before) < 0.3 ? wanted : before + (wanted - before) * 0.2;
    place(this.strip, this.x, 0);
    if (this.x !== wanted || (found.at === null && quiet < QUIET)) {
      this.frame = requestAnimationFrame(() => this.move());
    }
  }

  stop() { cancelAnimationFrame(this.frame); }
}

// -- one packet's headers ------------------------------------------------------------------------------------

function table(found, say) {
  const row = (head, cells) => html("tr", {}, html("th", { scope: "row" }, head), ...cells);
  const heads = found.hops.map((hop) => html("th", { scope: "col" }, hop.where, html("br"), html("small", {}, hop.how)));
  const body = found.rows.map((line) => row(line.name, line.values.map((value, number) =>
    line.changed[number] ? html("td", { class: "changed" }, html("strong", {}, `→ ${value || say("gone")}`)) : html("td", {}, value))));
  return [
    html("p", { class: "title" }, found.title),
    html("table", {}, html("caption", {}, say("Its headers at each hop; → marks what is not as at the hop before")),
      html("thead", {}, html("tr", {}, html("td"), ...heads)), html("tbody", {}, ...body)),
  ];
}

// The list holds these texts; those that it held already stay where they are.
function tellOnce(list, texts) {
  const told = [...list.children].map((line) => line.textContent);
  let kept = told.findIndex((_, first) => told.slice(first).every((text, number) => text === texts[number]));
  if (kept < 0) kept = told.length;
  for (const line of [...list.children].slice(0, kept)) line.remove();
  list.append(...texts.slice(told.length - kept).map((text) => html("li", {}, text)));
}

// -- all together --------------------------------------------------------------------------------------------

function parts(say) {
  const button = (name, text, title) => html("button", { type: "button", class: name, title }, text);
  const time = html("input", { type: "range", step: "any", "aria-label": say("Time: back to the beginning of the recording") });
  return {
    toggle: button("toggle", say("Show packets"), say("Capture at every interface")),
    pause: button("pause", say("❚❚ Pause"), say("Stand still; the recording goes on")),
    back: button("back", say("◀ Step"), say("The packet before")),
    on: button("on", say("Step ▶"), say("The packet after")),
    time,
    when: html("output", { class: "when" }),
    head: html("p", { class: "head" }),
    remarks: html("p", { class: "remarks" }),
    details: html("p", { class: "details" }, say("Point at anything, or move to it with Tab, to read all about it.")),
    headers: html("div", { class: "headers", tabindex: 0, role: "region", "aria-label": say("The chosen packet's headers") }),
    status: html("p", { class: "status", role: "status" }),
    said: html("ol", { class: "said", tabindex: 0, "aria-label": say("What has changed, the newest last"), "aria-live": "polite" }),
  };
}

function render({ model, el }) {
  el.classList.add("netlab-live");
  const say = speaker(model.get("texts"));
  const page = parts(say);
  const tell = (text) => { page.details.textContent = text; };
  const set = (name, value) => { model.set(name, value); model.save_changes(); };
  const topology = new Topology(tell);
  const traffic = new Traffic(topology.layers);
  const timeline = new Timeline(tell, (id) => {
    if (model.get("at") === null) set("at", now());
    set("chosen", id);
  });
  const controls = html("div", { class: "controls", role: "group", "aria-label": say("Time") },
    page.pause, page.back, page.on, page.time, page.when);
  const below = html("div", { class: "packets" }, page.head, timeline.svg, controls, page.remarks, page.headers);
  el.append(topology.svg, html("div", { class: "bar" }, page.details, page.toggle), below, page.status, page.said);
  let received = performance.now();
  let gone = "";

  // What time it is in the recording.
  const now = () => {
    const recorded = model.get("lanes").recorded;
    return recorded ? recorded[1] + (performance.now() - received) / 1000 : 0;
  };

  function drawTopology() {
    if (!model.get("picture").boxes) return;
    topology.draw(model.get("picture"));
    el.dataset.drawn = String(Number(el.dataset.drawn || 0) + 1);
  }

  function drawPackets(changed) {
    const lanes = model.get("lanes");
    below.hidden = !model.get("packets");
    page.toggle.textContent = model.get("packets") ? say("Hide packets") : say("Show packets");
    page.toggle.setAttribute("aria-pressed", String(model.get("packets")));
    if (below.hidden) topology.mark([]);
    if (below.hidden || !lanes.lanes) return;
    received = performance.now();
    timeline.draw(lanes);
    timeline.choice(model.get("chosen"));
    topology.mark(lanes.marks);
    traffic.show(lanes.motions, lanes.at !== null || !changed);
    page.head.textContent = lanes.head;
    page.remarks.textContent = lanes.remarks.join(" ");
    drawTime();
  }

  function drawTime() {
    const [at, recorded] = [model.get("at"), model.get("lanes").recorded || [0, 0]];
    page.pause.textContent = at === null ? say("❚❚ Pause") : say("▶ Live");
    page.time.min = recorded[0];
    page.time.max = Math.max(now(), at ?? 0);
    if (document.activeElement !== page.time || at === null) page.time.value = at ?? page.time.max;
    page.when.textContent = at === null ? say("live") : say("at {seconds} s").replace("{seconds}", at.toFixed(3));
    el.classList.toggle("paused", at !== null);
  }

  function drawHeaders() {
    const found = model.get("headers");
    page.headers.hidden = !found.rows;
    page.headers.replaceChildren(...(found.rows ? table(found, say) : []));
    traffic.alone(found.rows && found.motion[0]);
    timeline.choice(model.get("chosen"));
  }

  function tellAll() {
    page.status.textContent = gone || model.get("status");
    el.classList.toggle("away", Boolean(gone || model.get("status")));
    tellOnce(page.said, model.get("said"));
    requestAnimationFrame(() => { page.said.scrollTop = page.said.scrollHeight; }); // with the frame's own layout
  }

  page.toggle.addEventListener("click", () => { set("packets", !model.get("packets")); drawPackets(); });
  page.pause.addEventListener("click", () => {
    if (model.get("at") !== null && model.get("chosen")) set("chosen", "");
    set("at", model.get("at") === null ? now() : null);
  });
  page.time.addEventListener("input", () => set("at", Number(page.time.value)));
  page.back.addEventListener("click", () => model.send({ step: -1 }));
  page.on.addEventListener("click", () => model.send({ step: 1 }));

  const listening = {
    "change:picture": drawTopology,
    "change:lanes": () => drawPackets(true),
    "change:packets": () => drawPackets(),
    "change:at": drawTime,
    "change:chosen": () => timeline.choice(model.get("chosen")),
    "change:headers": drawHeaders,
    "change:said": tellAll,
    "change:status": tellAll,
  };
  for (const [event, act] of Object.entries(listening)) model.on(event, act);
  const kernel = model.widget_manager?.kernel;
  const kernelChanged = (_, status) => { gone = (KERNEL[status] && say(KERNEL[status])) || (gone && status !== "idle" ? gone : ""); tellAll(); };
  kernel?.statusChanged?.connect(kernelChanged);
  for (const act of [drawTopology, drawPackets, drawHeaders, tellAll]) act();
  // The first message of all is answered only when the cell has ended; those after it also while one runs.
  model.send({ hello: true });
  return () => {
    timeline.stop();
    traffic.alone(null);
    kernel?.statusChanged?.disconnect(kernelChanged);
    for (const [event, act] of Object.entries(listening)) model.off(event, act);
    model.send({ bye: true });
  };
}

export default { render };
