// Light and dark as soon as they are chosen; without this module the form's own button saves.
const form = document.querySelector("[data-preferences]");
const choice = form?.elements.theme;

choice?.addEventListener("change", () => {
  const root = document.documentElement;
  if (choice.value) root.dataset.theme = choice.value;
  else delete root.dataset.theme;
  const age = choice.value ? 31536000 : 0;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `tl_theme=${choice.value}; path=/; max-age=${age}; samesite=lax${secure}`;
});

// A menu closes when the reader leaves it or presses Escape.
for (const menu of document.querySelectorAll("details.menu")) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
}
