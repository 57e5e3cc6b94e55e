const HELP = `usage: bun ops/main.ts audit

Asks the registry for known weaknesses of the packages in bun.lock. Exit code 1 where there are some; a registry that
offers no such list is said so, and is no finding.`

export async function run(args: string[]): Promise<number> {
  if (args.length > 0) {
    console.log(HELP)
    return args[0] === '--help' ? 0 : 2
  }
  const audit = Bun.spawn([process.execPath, 'audit'], {
    cwd: `${import.meta.dir}/../..`,
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [code, output, errors] = await Promise.all([
    audit.exited,
    new Response(audit.stdout).text(),
    new Response(audit.stderr).text(),
  ])
  const refused = /^error: (POST|GET) \S+ - (\d+)/m.exec(errors + output)
  if (refused) console.log(`not asked: the registry answers ${refused[2]} to a question for advisories`)
  else console.log(output + errors)
  return refused ? 0 : code
}
