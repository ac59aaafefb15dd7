/** Preloaded by the benchmark: the process's peak resident set, all threads, on standard error when it ends. */
process.on("exit", () => {
  process.stderr.write(`peak resident set: ${process.resourceUsage().maxRSS} kB\n`);
});
