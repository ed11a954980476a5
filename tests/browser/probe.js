// Runs inside a report's page after its own script, and tells the page around what it sees.
"use strict";
(() => {
  const result = {
    errors: window.seenErrors,
    title: document.title,
    width: innerWidth,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    requests: performance.getEntriesByType("resource").map((entry) => entry.name),
    badge: document.querySelector(".badge").textContent,
    command: document.querySelector(".command").textContent,
    trouble: [...document.querySelectorAll(".trouble li")].map((item) => item.textContent),
    order: [...document.querySelector("main").children].map((child) => child.className),
    cells: [...document.querySelectorAll("[data-key]:not(path)")].map((cell) => [
      cell.dataset.key, cell.textContent, cell.getBoundingClientRect().height > 0,
    ]),
    charts: [],
  };
  for (const figure of document.querySelectorAll(".chart")) {
    const svg = figure.querySelector("svg");
    const plot = svg.querySelector(".plot").getBBox();
    const box = svg.getBoundingClientRect();
    const texts = (name) => [...svg.querySelectorAll(name)].map((text) => text.textContent);
    svg.dispatchEvent(new PointerEvent("pointermove", {
      clientX: box.left + box.width / 2, clientY: box.top + box.height / 2, bubbles: true,
    }));
    const readout = document.getElementById("readout");
    const read = [...readout.children].map((row) => row.textContent);
    const isShown = readout.offsetHeight > 0;
    svg.dispatchEvent(new PointerEvent("pointerleave"));
    result.charts.push({
      title: figure.querySelector("h3").textContent,
      unit: figure.querySelector(".unit").textContent,
      legend: [...figure.querySelectorAll(".key")].map((key) => key.textContent),
      across: svg.dataset.across,
      isVisible: box.width > 100 && box.height > 50,
      plot: [plot.x, plot.y, plot.x + plot.width, plot.y + plot.height],
      left: texts(".left"),
      below: texts(".below"),
      textsInside: [...svg.querySelectorAll("text")].every((text) => {
        const place = text.getBoundingClientRect();
        return place.left >= box.left - 1 && place.right <= box.right + 1;
      }),
      read, isShown, isHidden: readout.offsetHeight === 0,
      lines: [...svg.querySelectorAll(".line")].map((path) => {
        const bounds = path.getBBox();
        return {
          name: path.dataset.name,
          key: path.dataset.key,
          path: path.getAttribute("d"),
          data: path.dataset.points,
          bounds: [bounds.x, bounds.y, bounds.x + bounds.width, bounds.y + bounds.height],
          stroke: getComputedStyle(path).stroke,
        };
      }),
    });
  }
  parent.postMessage(JSON.stringify(result), "*");
})();
