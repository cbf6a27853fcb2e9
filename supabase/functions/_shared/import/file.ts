/** An uploaded file in Postgres: written in pieces of one size, read from any place. */
import { Buffer } from "node:buffer";
import type postgres from "postgres";
import { database } from "../database.ts";

/**
 * Bytes of every piece but the last. The driver sends and receives a piece as hexadecimal text, in
 * several copies: as small as this they are gone at the next small collection of garbage.
 */
export const PIECE = 32_768;

/** Stores one piece. */
export async function storePiece(uploadId: string, n: number, bytes: Uint8Array): Promise<void> {
  const sql = database();
  await sql`
    insert into private.import_chunks (upload_id, n, bytes)
    values (${uploadId}::uuid, ${n}::int, ${
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }::bytea)`;
}

/** Removes a file, unless it has become an import. */
export async function dropFile(uploadId: string): Promise<void> {
  await database()`
    delete from private.import_chunks
    where upload_id = ${uploadId}::uuid
      and not exists (select from public.contact_imports where id = ${uploadId}::uuid)`;
}

/** Bytes of a file from a place on; fewer if it ends before. */
export async function readFile(
  sql: postgres.TransactionSql,
  uploadId: string,
  from: number,
  length: number,
): Promise<Buffer> {
  const end = from + length;
  const first = Math.floor(from / PIECE);
  const last = Math.floor((end - 1) / PIECE);
  const pieces = await sql<{ bytes: Buffer }[]>`
    select substring(c.bytes from greatest(${from}::int - c.n * ${PIECE}::int, 0) + 1
      for least(${end}::int - c.n * ${PIECE}::int, ${PIECE}::int)
        - greatest(${from}::int - c.n * ${PIECE}::int, 0)) as bytes
    from private.import_chunks c
    where c.upload_id = ${uploadId}::uuid and c.n between ${first}::int and ${last}::int order by c.n`;
  return Buffer.concat(pieces.map(({ bytes }) => bytes));
}
