// Adds and removes the lines of a form without asking the server. Without this module the same
// buttons submit the form, and the server answers with one line more or less.
//
// <div data-lines data-lines-from="0"> <fieldset data-line> … name="lines-0-hs_code" … </fieldset> … </div>
// <button name="add_line">, <button name="remove_line" value="0">

const NAMED = ["id", "name", "for", "list", "aria-describedby"];

for (const box of document.querySelectorAll("[data-lines]")) {
  const from = Number(box.dataset.linesFrom ?? 0); // of a long list, a page shows a part
  const lines = () => [...box.querySelectorAll("[data-line]")];

  const renumber = () => lines().forEach((line, place) => {
    const n = from + place;
    for (const part of line.querySelectorAll("*")) {
      for (const name of NAMED) {
        const value = part.getAttribute(name);
        if (value) part.setAttribute(name, value.replace(/\blines-\d+-/g, `lines-${n}-`));
      }
      if (part.name === "remove_line") part.value = n;
    }
    const number = line.querySelector("[data-line-number]");
    if (number) number.textContent = n + 1;
  });

  const emptied = (line) => {
    for (const error of line.querySelectorAll(".error")) error.remove();
    for (const field of line.querySelectorAll(".wrong")) field.classList.remove("wrong");
    for (const input of line.querySelectorAll("input, select, textarea")) {
      if (input.type === "checkbox" || input.type === "radio") input.checked = false;
      else if (input.tagName === "SELECT") input.selectedIndex = 0;
      else input.value = "";
      input.removeAttribute("aria-invalid");
    }
    return line;
  };

  box.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const all = lines();
    if (button?.name === "add_line" && all.length) {
      event.preventDefault();
      const line = emptied(all.at(-1).cloneNode(true));
      all.at(-1).after(line);
      renumber();
      line.querySelector("input, select, textarea")?.focus();
    } else if (button?.name === "remove_line" && all.length > 1) {
      event.preventDefault();
      const line = button.closest("[data-line]");
      const near = line.nextElementSibling ?? line.previousElementSibling;
      line.remove();
      renumber();
      (near?.querySelector("input, select, textarea") ?? box.querySelector("input")).focus();
    }
  });
}
