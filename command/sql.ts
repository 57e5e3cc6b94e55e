/** Names and texts as PostgreSQL reads them, for what no parameter can stand for. */
export const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`
export const literal = (value: string) => `'${value.replaceAll("'", "''")}'`
