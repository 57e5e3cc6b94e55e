import type { Locator, Page, Response } from 'playwright-core'

/** One operation of Swagger UI, handled as a person does. */
export interface SwaggerForm {
  readonly block: Locator
  /** Opens it for trying, and waits until its values are there. */
  tryOut(): Promise<void>
  /** Presses Execute once. */
  execute(): Promise<Response>
  /** The id in its form; undefined for an operation that is about none. */
  id(): Promise<string | undefined>
}

/** The document's own example, which belongs to nobody. */
const placeholder = '01890a5d-ac96-774b-bcce-b302099a8057'

export function swaggerForm(
  page: Page,
  operation: { operationId: string; method: string; path: string },
): SwaggerForm {
  const { operationId, method, path } = operation
  const block = page.locator(`.opblock[id$="-${operationId}"]`)
  const field = block.locator('tr[data-param-name="id"] input')
  const pattern = new RegExp(`^${path.replace(/\{\w+\}/, '[^/]+')}$`)
  const id = async () => ((await field.count()) > 0 ? await field.inputValue() : undefined)
  /** Until the form is about something that exists. */
  async function ready(unlike: string | undefined) {
    if ((await field.count()) === 0) return
    for (const value of [placeholder, unlike ?? placeholder])
      await block.locator(`tr[data-param-name="id"] input:not([value="${value}"])`).waitFor()
  }
  return {
    block,
    id,
    async tryOut() {
      if (!(await block.locator('.opblock-body').isVisible()))
        await block.locator('.opblock-summary-control').click()
      const button = block.getByRole('button', { name: 'Try it out' })
      await block.locator('.try-out__btn').first().waitFor()
      if (await button.isVisible()) await button.click()
      await block.getByRole('button', { name: 'Execute' }).waitFor()
      await ready(undefined)
    },
    async execute() {
      const before = await id()
      const answered = page.waitForResponse(
        (response) =>
          response.request().method() === method.toUpperCase() &&
          pattern.test(new URL(response.url()).pathname),
      )
      await block.getByRole('button', { name: 'Execute' }).click()
      const response = await answered
      const status = block.locator('.live-responses-table .response-col_status')
      await status.filter({ hasText: String(response.status()) }).waitFor()
      await ready(method === 'delete' && response.ok() ? before : undefined)
      return response
    },
  }
}
