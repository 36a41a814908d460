// Without this file the reference could only be leafed through. No index is loaded: it stands here, so that it works from a disk.
(() => {
  const entries = "ENTRIES";
  const root = document.currentScript.dataset.root;
  const form = document.querySelector(".search");
  const input = form.querySelector("input");
  const list = form.querySelector("ol");
  let chosen = 0;
  form.hidden = false;

  /** Lower is better; Infinity is no match. Every word that was typed must be found somewhere. */
  function rank([title, summary, , , words], typed) {
    const name = title.toLowerCase();
    if (name === typed) return 0;
    if (name.startsWith(typed)) return 1 + name.length / 100;
    if (words.toLowerCase().split(" ").includes(typed)) return 2;
    if (name.includes(typed)) return 3 + name.length / 100;
    const text = [name, summary, words].join(" ").toLowerCase();
    return typed.split(/\s+/).every((word) => text.includes(word)) ? 5 : Infinity;
  }

  function show() {
    const typed = input.value.trim().toLowerCase();
    const found = typed === "" ? [] : entries.map((entry) => [rank(entry, typed), entry]).filter(([value]) => value < Infinity).sort((a, b) => a[0] - b[0]).slice(0, 8);
    chosen = 0;
    list.replaceChildren(...found.map(([, [title, summary, kind, path]], i) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      const more = document.createElement("small");
      link.href = root + path;
      link.textContent = title;
      more.textContent = `${kind} · ${summary}`;
      link.append(more);
      item.append(link);
      item.classList.toggle("chosen", i === 0);
      return item;
    }));
    if (typed !== "" && found.length === 0) {
      const item = document.createElement("li");
      const text = document.createElement("p");
      text.textContent = "Nothing found";
      item.append(text);
      list.append(item);
    }
  }

  function choose(step) {
    const items = [...list.children];
    chosen = Math.min(Math.max(chosen + step, 0), items.length - 1);
    items.forEach((item, i) => item.classList.toggle("chosen", i === chosen));
  }

  input.addEventListener("input", show);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const link = list.children[chosen]?.querySelector("a");
    if (link) location.href = link.href;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== input) {
      event.preventDefault();
      input.focus();
    } else if (document.activeElement === input && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      choose(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") {
      input.value = "";
      show();
    }
  });
})();
