// Keeps a page true while it is open: when the server says that something happened, the parts
// marked data-live-part (each with an id) are taken again from this page's own address, so the
// server stays the only one who renders. Without this module the reader reloads.
//
// <p data-live="/events?…" data-live-events="declaration.released case.decided"
//    data-live-text="Updated just now." role="status"></p>

const PAUSE = 1000;

for (const status of document.querySelectorAll("[data-live]")) {
  const source = new EventSource(status.dataset.live);
  let timer;

  const refresh = async () => {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live-part][id]")) {
      const next = fresh.getElementById(part.id);
      // What somebody is in the middle of is left alone.
      if (!next || part.contains(document.activeElement)) continue;
      part.replaceChildren(...next.childNodes);
      part.dispatchEvent(new CustomEvent("tradelane:changed", { bubbles: true }));
    }
    status.textContent = status.dataset.liveText ?? "";
  };

  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => refresh().catch(() => {}), PAUSE);
  };
  for (const name of ["message", ...(status.dataset.liveEvents ?? "").split(/\s+/)]) {
    if (name) source.addEventListener(name, heard);
  }
  addEventListener("pagehide", () => source.close());
}
