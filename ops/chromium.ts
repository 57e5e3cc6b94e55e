const names = ['chromium', 'chromium-browser', 'google-chrome']

/** The installed browser, in which the pages are tried; undefined where there is none. */
export function findChromium(): string | undefined {
  const path = `${process.env['PATH']}:/usr/bin`
  return names.map((name) => Bun.which(name, { PATH: path }) ?? undefined).find(Boolean)
}
