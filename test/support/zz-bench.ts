const root = process.argv[2];
const { runCompany } = await import(`${root}/test/support/running-company.ts`);
const c = await runCompany({ leads: 8000, months: 24 });
const r = await c.sync("all");
const asOf = new Date(
  r.push?.asOf ??
    r.asOf ??
    (
      await c.app.store.one(
        (await import(`${root}/node_modules/zod/index.js`)).z.any(),
        (
          await import(`${root}/src/database/sql.ts`)
        ).sql`select as_of from metrics.run`,
      )
    ).as_of,
);
for (let i = 0; i < 4; i++) {
  const t = performance.now(),
    u = process.cpuUsage();
  const o = await c.app.compute(asOf, () => {}, new AbortController().signal);
  const cpu = process.cpuUsage(u);
  console.log(root, Math.round(performance.now() - t), "cpu", Math.round((cpu.user + cpu.system) / 1000));
}
const rows = await c.app.store
  .any(
    (await import(`${root}/node_modules/zod/index.js`)).z.any(),
    (await import(`${root}/src/database/sql.ts`))
      .sql`select detail from mirror.run where step='compute' order by started_at desc limit 1`,
  )
  .catch((e) => [String(e)]);
console.log(JSON.stringify(rows));
await c.close();
