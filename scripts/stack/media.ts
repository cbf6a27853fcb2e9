import { join } from "node:path";
import { INCOMING } from "../../supabase/functions/_shared/media_folder.ts";
import { removeIfThere } from "./files.ts";

/** Where a data folder keeps the media that were fetched from WhatsApp. */
export function mediaFolder(data: string): string {
  return join(data, "media");
}

/** Takes away what a killed server had half fetched; with `fresh` everything, as its database went. */
export async function tidyMediaFolder(data: string, fresh = false): Promise<void> {
  const folder = mediaFolder(data);
  await removeIfThere(fresh ? folder : join(folder, INCOMING));
}
