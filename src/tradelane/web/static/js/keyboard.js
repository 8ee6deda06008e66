// The officer's keyboard: j and k move through [data-queue], o opens, n goes to a[data-next],
// a letter chooses the radio with that data-key, ? opens dialog[data-shortcuts].
// Never while somebody types; the reader can turn it off there, and it stays off (WCAG 2.1.4).

const SETTING = "tradelane-shortcuts";
const dialog = document.querySelector("dialog[data-shortcuts]");
const toggle = dialog?.querySelector("[data-shortcuts-on]");
const opener = document.querySelector("[data-shortcuts-open]");

const remembered = () => { try { return localStorage.getItem(SETTING); } catch { return null; } };
let on = remembered() !== "off";

if (opener) {
  opener.hidden = false;
  opener.addEventListener("click", () => dialog?.showModal());
}
if (toggle) {
  toggle.checked = on;
  toggle.addEventListener("change", () => {
    on = toggle.checked;
    try { localStorage.setItem(SETTING, on ? "on" : "off"); } catch { /* only for this page */ }
  });
}

const typing = (target) =>
  target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName) ||
  (target.tagName === "INPUT" && !/^(radio|checkbox|button|submit)$/.test(target.type));

const links = () => [...document.querySelectorAll("[data-queue] tbody tr")]
  .map((row) => row.querySelector("a[href]")).filter(Boolean);

function move(by) {
  const all = links();
  if (!all.length) return;
  const row = document.activeElement.closest("[data-queue] tbody tr");
  const at = all.findIndex((link) => row?.contains(link));
  const to = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))];
  to.focus();
  to.closest("tr").scrollIntoView({ block: "nearest" });
}

const MOVES = {
  j: () => move(1),
  k: () => move(-1),
  o: () => document.activeElement.closest("[data-queue] tbody tr")?.querySelector("a[href]").click(),
  n: () => document.querySelector("a[data-next]")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  if (!on) return;
  if (event.key === "?" && dialog) {
    dialog.showModal();
  } else {
    const key = event.key.toLowerCase();
    const choice = /^[a-z]$/.test(key) ? document.querySelector(`input[data-key="${key}"]`) : null;
    if (choice) {
      choice.checked = true;
      choice.focus();
      choice.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (Object.hasOwn(MOVES, key)) MOVES[key]();
    else return;
  }
  event.preventDefault();
});
