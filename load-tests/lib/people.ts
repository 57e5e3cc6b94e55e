export interface Person {
  first_name: string
  last_name: string
  email: string
}

const FIRST = ['Ada', 'Zoë', 'Łukasz', 'Jürgen', 'Mária', 'Владимир', '花子', 'نور', 'Seán', 'Nguyệt']
const LAST = [
  "O'Brien",
  'García',
  'Kowalska',
  'Müller',
  '山田',
  'Иванова',
  'Çelik',
  'Ångström',
  'King',
  'de la Cruz',
]

/** Nobody of an earlier run has the address: it holds the time and a number that is drawn at random. */
export function newPerson(): Person {
  const unique = `${Date.now().toString(36)}.${Math.floor(Math.random() * 2 ** 52).toString(36)}`
  return { first_name: oneOf(FIRST), last_name: oneOf(LAST), email: `load.${unique}@example.com` }
}

const oneOf = (names: readonly string[]) => names[Math.floor(Math.random() * names.length)]!
