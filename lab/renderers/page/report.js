"use strict";
// Draws each chart from the specification it holds, and lets the keyboard in: one
// stop a chart, arrow keys from mark to mark; what a mark says stands below the chart.
(() => {
  const options = { renderer: "svg", actions: false, mode: "vega-lite" };

  const MARK = '[role="graphics-symbol"][aria-label]';

  // Listens on the chart, not on its marks: Vega draws those anew now and then.
  function reachable(place, readout) {
    const marks = () => [...place.querySelectorAll(MARK)];
    const stop = (chosen) => {
      for (const mark of marks()) mark.setAttribute("tabindex", mark === chosen ? 0 : -1);
    };
    const say = (event) => {
      const mark = event.target.closest(MARK);
      if (mark) readout.textContent = mark.getAttribute("aria-label");
    };
    place.addEventListener("mouseover", say);
    place.addEventListener("focusin", say);
    place.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const all = marks();
      const at = all.indexOf(event.target.closest(MARK));
      if (!step || at < 0) return;
      event.preventDefault();
      const next = all[(at + step + all.length) % all.length];
      stop(next);
      next.focus();
    });
    const begin = () => {
      const all = marks();
      if (!all.some((mark) => mark.getAttribute("tabindex") === "0")) stop(all[0]);
    };
    begin();
    new MutationObserver(begin).observe(place, { childList: true, subtree: true });
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
      reachable(place, readout);
      if (chart.dataset.zoom) zoomable(figure, view, chart.dataset.zoom, readout);
      chart.dataset.drawn = "";
    }).catch(() => {
      readout.textContent = "This chart cannot be drawn here; its figures are below.";
    });
  }
})();
