import { allFakers, type Faker } from '@faker-js/faker'

export interface Person {
  readonly first_name: string
  readonly last_name: string
  readonly email: string
}

/** Accents, apostrophes, and scripts that are not Latin: what breaks systems that were tried with "John Doe" only. */
const locales = [
  'en',
  'de',
  'fr',
  'es',
  'cs_CZ',
  'pl',
  'tr',
  'vi',
  'el',
  'ru',
  'uk',
  'ar',
  'he',
  'ja',
  'ko',
  'zh_CN',
] as const

/**
 * Realistic people, the same for the same seed.
 * @param run part of every address, so that a second run meets no address of the first
 */
export function* people(options: { seed: number; run: string }): Generator<Person, never> {
  const fakers: Faker[] = locales.map((locale, index) => {
    const faker = allFakers[locale]
    faker.seed(options.seed + index)
    return faker
  })
  for (let n = 0; ; n++) {
    const faker = fakers[n % fakers.length]!
    const first_name = clipped(faker.person.firstName())
    const last_name =
      n % 23 === 0 ? `O'${clipped(faker.person.lastName())}` : clipped(faker.person.lastName())
    yield {
      first_name,
      last_name,
      email: `${asciiOf(`${first_name}.${last_name}`)}.${n}.${options.run}@example.com`,
    }
  }
}

const clipped = (name: string) => name.normalize('NFC').trim().slice(0, 90)

function asciiOf(name: string): string {
  const ascii = name
    .normalize('NFKD')
    .replace(/[^A-Za-z.'-]/g, '')
    .replace(/^\.+|\.+$/g, '')
  return ascii.slice(0, 60) || 'someone'
}
