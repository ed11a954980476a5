"use strict";
// Reads out the values under the pointer. The page is complete without it.
(() => {
  const readout = document.getElementById("readout");
  const left = 52, right = 464;
  const figure = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
  for (const svg of document.querySelectorAll(".chart svg")) {
    const low = Number(svg.dataset.low), high = Number(svg.dataset.high);
    const cursor = svg.querySelector(".cursor");
    const lines = [...svg.querySelectorAll(".line")].map((path) => ({
      name: path.dataset.name,
      style: path.classList[1],
      points: path.dataset.points.split(" ").filter(Boolean).map((p) => p.split(":").map(Number)),
    }));
    const hide = () => {
      readout.hidden = true;
      cursor.classList.remove("on");
    };
    svg.addEventListener("pointerleave", hide);
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
      if (lines.length === 0 || x < left - 4 || x > right + 4) return hide();
      const wanted = low + ((x - left) / (right - left)) * (high - low);
      const nearest = (points) =>
        points.reduce((a, b) => (Math.abs(b[0] - wanted) < Math.abs(a[0] - wanted) ? b : a));
      const found = lines.filter((line) => line.points.length > 0)
        .map((line) => [line, nearest(line.points)]);
      const at = found[0][1][0];
      const place = left + ((at - low) / (high - low)) * (right - left);
      cursor.setAttribute("x1", place);
      cursor.setAttribute("x2", place);
      cursor.classList.add("on");
      readout.replaceChildren();
      const row = (name, value, style) => {
        const line = document.createElement("div");
        for (const text of [name, value]) {
          line.append(document.createElement("span"));
          line.lastChild.textContent = text;
        }
        if (style) line.firstChild.className = `key ${style}`;
        readout.append(line);
      };
      const names = [...svg.querySelectorAll(".below")].map((text) => text.textContent);
      row(svg.dataset.across === "time" ? `${figure.format(at)} s` : names[at], "");
      for (const [line, point] of found) row(line.name, figure.format(point[1]), line.style);
      readout.hidden = false;
      const width = readout.offsetWidth, height = readout.offsetHeight;
      const beside = event.clientX + 16 + width > innerWidth ? -16 - width : 16;
      readout.style.left = `${Math.max(4, event.clientX + beside)}px`;
      readout.style.top = `${Math.max(4, event.clientY - height - 12)}px`;
    });
  }
})();
