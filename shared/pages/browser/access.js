/** The token that this page sends, where the service asks for one. It is kept nowhere but here. @type {string | undefined} */
let token

export const tokenInUse = () => token

/** @param {string} url of this service */
export const fetchWithToken = (url) =>
  fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })

/** The OpenAPI document; where it is not for everyone, the reader is asked for a token until one will do. */
export async function openDocument() {
  for (;;) {
    const answer = await fetchWithToken('/swagger/json')
    if (answer.ok) return answer.json()
    token = await askedFor(await answer.json())
  }
}

/** @param {{ title: string, detail?: string }} problem @returns {Promise<string>} */
function askedFor({ title, detail }) {
  const bar = document.createElement('p')
  bar.className = 'example'
  bar.setAttribute('role', 'status')
  const field = document.createElement('input')
  Object.assign(field, { type: 'password', autocomplete: 'off', placeholder: 'token with the scope ops' })
  field.setAttribute('aria-label', 'Token')
  const button = document.createElement('button')
  button.textContent = 'Open'
  bar.append(`${title}${detail ? ` (${detail})` : ''}. `, field, ' ', button)
  document.querySelector('main')?.before(bar)
  field.focus()
  return new Promise((resolve) => {
    const take = () => {
      if (!field.value.trim()) return
      bar.remove()
      resolve(field.value.trim())
    }
    button.addEventListener('click', take)
    field.addEventListener('keydown', ({ key }) => void (key === 'Enter' && take()))
  })
}
