// What pages are made of.

export function html(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function button(name, text, title, act) {
  const made = html("button", { type: "button", class: name, ...(title ? { title } : {}) }, text);
  made.addEventListener("click", act);
  return made;
}
