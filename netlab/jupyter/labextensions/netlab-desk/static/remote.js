// Where JupyterLab looks for the desk. It asks such a file for its module itself, so there is nothing to build: the
// module is desk.js beside this file, and what it needs of JupyterLab it takes from what that shares.
(() => {
  const here = document.currentScript.src;
  let scope = {};

  // A package that JupyterLab shares, in the version that it uses.
  async function shared(name) {
    const versions = Object.values(scope[name] ?? {});
    const chosen = versions.find((version) => version.loaded) ?? versions[0];
    return (await chosen.get())();
  }

  (window._JUPYTERLAB ??= {})["netlab-desk"] = {
    init: (given) => { scope = given; },
    get: async () => {
      const { plugin } = await import(new URL("desk.js", here));
      const found = await plugin(shared);
      return () => ({ __esModule: true, default: found });
    },
  };
})();
