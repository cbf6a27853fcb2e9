/** Which of the stores of media is in use. */
import { mediaFolder, secretKeys, supabaseUrl } from "./env.ts";
import { FolderStore } from "./media_folder.ts";
import { StorageStore } from "./media_storage.ts";
import type { MediaStore } from "./media_store.ts";

/** The folder that `LEADBASE_MEDIA_DIR` names, else the project's own Storage. */
export function mediaStore(): MediaStore {
  const folder = mediaFolder();
  if (folder) return new FolderStore(folder);
  const url = supabaseUrl();
  const [key] = secretKeys();
  if (url && key) return new StorageStore(url, key);
  throw new Error("Media need LEADBASE_MEDIA_DIR, or SUPABASE_URL and SUPABASE_SECRET_KEYS.");
}
