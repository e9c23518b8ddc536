"use strict";
// Draws each chart from the specification it holds, and lets the keyboard in: one
// stop a chart, arrow keys from mark to mark; what a mark says stands below the chart.
(() => {
  const options = { renderer: "svg", actions: false, mode: "vega-lite" };

  function reachable(chart, readout) {
    const marks = [...chart.querySelectorAll('[role="graphics-symbol"][aria-label]')];
    const stop = (mark) => {
      for (const other of marks) other.setAttribute("tabindex", other === mark ? "0" : "-1");
    };
    const say = (event) => {
      readout.textContent = event.currentTarget.getAttribute("aria-label");
    };
    marks.forEach((mark, place) => {
      mark.addEventListener("mouseenter", say);
      mark.addEventListener("focus", say);
      mark.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const next = marks[(place + step + marks.length) % marks.length];
        stop(next);
        next.focus();
      });
    });
    if (marks.length) stop(marks[0]);
  }

  function zoomable(figure, view, name, readout) {
    const signal = `${name}_from_ms`;
    const whole = view.scale("x").domain();
    const set = (from, to) => {
      const span = Math.min(to - from, whole[1] - whole[0]);
      const start = Math.min(Math.max(from, whole[0]), whole[1] - span);
      view.signal(signal, [start, start + span]).runAsync().then(() => {
        readout.textContent = `${start.toFixed(2)} to ${(start + span).toFixed(2)} ms`;
      });
    };
    for (const button of figure.querySelectorAll(".zoom button")) {
      button.addEventListener("click", () => {
        const [from, to] = view.scale("x").domain();
        const middle = (from + to) / 2;
        const half = ((to - from) / 2) * Number(button.dataset.by ?? 1);
        const move = (to - from) * Number(button.dataset.move ?? 0);
        if ("all" in button.dataset) set(...whole);
        else set(middle - half + move, middle + half + move);
      });
    }
  }

  for (const chart of document.querySelectorAll(".chart")) {
    const spec = JSON.parse(chart.querySelector("script").textContent);
    const figure = chart.closest("figure");
    const readout = figure.querySelector("output");
    const place = document.createElement("div");
    place.style.width = "100%";
    chart.append(place);
    vegaEmbed(place, spec, options).then(({ view }) => {
      const marks = () => reachable(chart, readout);
      marks();
      // Vega draws the marks anew at another size or zoom.
      new MutationObserver(marks).observe(place, { childList: true, subtree: true });
      if (chart.dataset.zoom) zoomable(figure, view, chart.dataset.zoom, readout);
      chart.dataset.drawn = "";
    });
  }
})();
