// What the page does better with a script: the theme that the playground remembers, and finding while typing.
const theme = localStorage.getItem("portico:theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;

const box = document.getElementById("find");
if (box) {
  const items = [...document.querySelectorAll(".operations li, .types li")];
  const texts = items.map((item) => `${item.textContent} ${item.closest(".group")?.querySelector("h3")?.textContent ?? ""}`.toLowerCase());
  const groups = [...document.querySelectorAll(".group")];
  const find = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    items.forEach((item, at) => {
      item.hidden = !words.every((word) => texts[at].includes(word));
      if (!item.hidden) found += 1;
    });
    for (const group of groups) group.hidden = !group.querySelector("li:not([hidden])");
    document.getElementById("found").textContent = words.length > 0 ? `${found} found` : "";
  };
  // All of it is here, unless the server has looked already.
  if (!new URLSearchParams(location.search).get("find")) {
    box.addEventListener("input", find);
    box.form.addEventListener("submit", (event) => event.preventDefault());
    box.form.querySelector("button").hidden = true;
    find();
  }
}
