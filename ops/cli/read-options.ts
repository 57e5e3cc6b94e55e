/** What a verb takes from its command line, at least. */
interface Options {
  readonly help?: boolean | undefined
}

/**
 * The options of a verb, or its exit code where there is nothing more to do: the help was asked for and is printed, or
 * the command line is wrong and says so above the help.
 * @param parse throws with what is wrong
 */
export function readOptions<O extends Options>(help: string, parse: () => O): O | number {
  let options: O
  try {
    options = parse()
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`)
    return 2
  }
  if (!options.help) return options
  console.log(help)
  return 0
}
