// Shows each <time data-local> in the reader's zone; the server's UTC stays as its title.
const language = document.documentElement.lang || undefined;
const format = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
  hourCycle: "h23", timeZoneName: "short",
});

export function localise(root) {
  for (const time of root.querySelectorAll("time[data-local]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title ||= time.textContent;
    time.textContent = format.format(at);
    delete time.dataset.local;
  }
}

localise(document);
document.addEventListener("tradelane:changed", (event) => localise(event.target));
