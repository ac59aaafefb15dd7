// oxlint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-member-access, typescript/no-unsafe-call, typescript/no-unsafe-return
// oxlint-disable no-unused-expressions
// Untyped on purpose: the compiler here knows no DOM.
// Runs inside a browser page, as text: each expression answers one question about what a reader sees.
({
  pageWidth: () => document.documentElement.scrollWidth,

  /** Elements that stick out to the right, beside what scrolls in a box of its own. */
  sticksOut: () =>
    [...document.querySelectorAll("main *")]
      .filter((element) => element.closest(".scroll, svg") === null)
      .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
      .map((element) => `${element.tagName}.${element.className}`),

  bodyColours: () => {
    const style = getComputedStyle(document.body);
    return { paper: style.backgroundColor, ink: style.color };
  },

  /** Contrast of each visible piece of text against the nearest painted ground behind it; below 4.5 to 1 it fails. */
  contrast: () => {
    const parse = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
    const luminance = (colour) => {
      const [red, green, blue] = colour.slice(0, 3).map((channel) => {
        const part = channel / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const groundOf = (element) => {
      for (let at = element; at !== null; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor);
        if ((colour[3] ?? 1) > 0.99) return colour;
      }
      return [255, 255, 255];
    };
    const failures = [];
    let count = 0;
    for (const element of document.querySelectorAll("body *")) {
      const hasText = [...element.childNodes].some(
        (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== "",
      );
      if (!hasText || element.closest("style, script") !== null || element.getClientRects().length === 0)
        continue;
      const style = getComputedStyle(element);
      const ink = luminance(parse(element instanceof SVGElement ? style.fill : style.color));
      const ground = luminance(groundOf(element));
      const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
      count += 1;
      if (ratio < 4.5)
        failures.push(`${element.tagName} "${element.textContent.slice(0, 30)}" ${ratio.toFixed(2)}`);
    }
    return { count, failures };
  },
});
