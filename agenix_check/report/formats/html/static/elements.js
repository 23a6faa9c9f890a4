// Elements made of text alone: nothing here reads markup, so no name can become any.

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

// A copy of one of the page's marks; a reference to it would cost far more, thousands of times.
function mark(name) {
  const symbol = document.getElementById(`mark-${name}`);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "mark");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("viewBox", symbol.getAttribute("viewBox"));
  svg.append(...[...symbol.children].map((path) => path.cloneNode()));
  return svg;
}

function pill(verdict, text = verdict) {
  return element("span", { class: `pill ${verdict}` }, mark(verdict), text);
}

// A fix; what a person has to do, behind a "#", is nothing to paste.
function command(text) {
  const pre = element("pre", {}, element("code", {}, text));
  const copy = text.startsWith("#") ? null
    : element("button", { type: "button", class: "copy" }, "Copy");
  return element("div", { class: "command" }, pre, copy);
}

function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

// Say something to who cannot see it.
function say(sentence) {
  document.getElementById("said").textContent = sentence;
}

// Copy a command; where the browser refuses, select it, so that its own command copies.
async function copyFrom(button) {
  const code = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(code);
    button.textContent = "Selected";
  }
  say(button.textContent);
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}
