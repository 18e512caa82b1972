// What the instructor says, at the foot of a learner's JupyterLab, until it is closed. JupyterLab asks such a file for its module
// itself, so there is nothing to build.
(() => {
  const EVERY = 4000; // ms; a page that nobody sees asks nothing

  const place = document.createElement("div");
  place.style.cssText = "position: fixed; bottom: 28px; left: 50%; transform: translateX(-50%); z-index: 10000; display: flex;"
    + "flex-direction: column; align-items: center; max-width: 90vw; max-height: 60vh; overflow-y: auto;";
  const CLOSED = "netlab-announcements-closed";
  const closed = () => JSON.parse(localStorage.getItem(CLOSED) ?? "[]");

  function show({ number, time, text, close }) {
    const box = document.createElement("div");
    box.setAttribute("role", "alert");
    box.style.cssText = "display: flex; gap: 16px; align-items: center; padding: 10px 18px; font-size: 17px;"
      + "color: #16202a; background: #fff3c4; border: 2px solid #8a5700; border-radius: 8px; margin-top: 4px;";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = close;
    button.style.cssText = "font: inherit; padding: 3px 12px;";
    button.addEventListener("click", () => {
      localStorage.setItem(CLOSED, JSON.stringify([...closed(), number].slice(-200)));
      box.remove();
    });
    const moment = document.createElement("time");
    moment.textContent = new Date(time * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    box.append(moment, text, button);
    place.append(box);
    document.body.append(place);
  }

  async function listen(base) {
    let shown = 0;
    for (;; await new Promise((done) => { setTimeout(done, EVERY); })) {
      if (document.hidden) continue;
      try {
        // The Hub refuses who comes with nothing but a cookie.
        const token = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)?.[1] ?? "";
        const answer = await fetch(`${base}netlab/announcements?after=${shown}`, { headers: { "X-XSRFToken": token } });
        for (const said of answer.ok ? await answer.json() : []) {
          if (!closed().includes(said.number)) show(said);
          shown = said.number;
        }
      } catch { /* the server is away: ask again */ }
    }
  }

  const plugin = {
    id: "netlab-workshop:announcements",
    autoStart: true,
    activate: () => {
      const config = JSON.parse(document.getElementById("jupyter-config-data").textContent);
      listen(config.baseUrl);
    },
  };
  (window._JUPYTERLAB ??= {})["netlab-workshop"] = {
    init: () => {},
    get: () => Promise.resolve(() => ({ __esModule: true, default: plugin })),
  };
})();
