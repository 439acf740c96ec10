// What asv's pages ask of three small scripts that no Python package carries, in the few lines that they use of each.
"use strict";

// md5: asv needs a key for a regression that the reader hides, no more; FNV-1a in 32 bits makes one.
function md5(text) {
  let hash = 0x811c9dc5;
  for (const letter of String(text)) {
    hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, "0");
}

(function ($) {
  // stupidtable: a click on a head with data-sort sorts the rows; "aftertablesort" tells the column and the direction.
  const number = (a, b) => parseFloat(a) - parseFloat(b);
  const kinds = { float: number, int: number, string: (a, b) => String(a).localeCompare(String(b)) };

  $.fn.stupidtable = function (own) {
    return this.each(function () {
      const table = $(this).data("kinds", $.extend({}, kinds, own));
      table.on("click", "thead th[data-sort]", function () { $(this).stupidsort(); });
    });
  };

  $.fn.stupidsort = function (wanted) {
    return this.each(function () {
      const head = $(this), table = head.closest("table"), column = head.index();
      const direction = wanted || (head.data("direction") === "asc" ? "desc" : "asc");
      const compare = (table.data("kinds") || kinds)[head.data("sort")] || kinds.string;
      const value = (row) => {
        const cell = $(row).children().eq(column), given = cell.attr("data-sort-value");
        return given === undefined ? cell.text() : given;
      };
      const rows = table.children("tbody").children("tr").get();
      rows.sort((a, b) => (direction === "asc" ? 1 : -1) * compare(value(a), value(b)));
      table.children("tbody").append(rows);
      table.find("thead th").removeData("direction");
      head.data("direction", direction);
      table.trigger("aftertablesort", { column: column, direction: direction });
    });
  };

  // orderBars: bars of several series side by side, each shifted by its place in the order.
  $.plot.plugins.push({
    name: "orderBars",
    version: "1.0",
    options: { series: { bars: { order: null } } },
    init: function (plot) {
      plot.hooks.processDatapoints.push(function (_, series, points) {
        const all = plot.getData().filter((other) => other.bars && other.bars.show && other.bars.order !== null);
        if (!series.bars || !series.bars.show || all.length < 2) return;
        const orders = all.map((other) => other.bars.order).sort((a, b) => a - b);
        const shift = (orders.indexOf(series.bars.order) - (all.length - 1) / 2) * series.bars.barWidth;
        for (let i = 0; i < points.points.length; i += points.pointsize) points.points[i] += shift;
      });
    },
  });
})(jQuery);
