import type { Collection } from 'mongodb'

/** The store's collections, by name; connected or not. */
export type CollectionOf = <Document extends { _id: string }>(name: string) => Collection<Document>
