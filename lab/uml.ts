import { existsSync, readdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { bootWords, type Kernel } from "./kernel";

const MEMORY_MB = 192;
const MODULES = "/usr/lib/uml/modules";

/** uml is User-mode Linux: the kernel is a normal process, which starts in seconds. */
export const uml: Kernel = {
  recipe: "uml",
  bootSeconds: 90,

  installed() {
    const [version] = existsSync(MODULES) ? readdirSync(MODULES) : [];
    if (version === undefined) {
      throw new Error(
        "User-mode Linux is not installed: `make setup` installs it and all else in lab/packages.txt",
      );
    }
    return join(MODULES, version);
  },

  /** The first boot makes it. */
  makeDisk: () => Promise.resolve(),

  start: (guest, folder, { log, input, output }) => ({
    // The command line has neither room nor quotes for long paths, so all is named from the machine's folder.
    argv: [
      "linux.uml",
      `mem=${MEMORY_MB}M`,
      "ubd0=disk.cow,image/disk.img",
      "ubd1r=files.tar",
      "root=/dev/ubda",
      "rw",
      // With gro the kernel takes the oversized segments that senders leave to their network cards to cut; else it drops them.
      `vec0:transport=tap,ifname=${guest.tap},depth=128,gro=1,mac=${guest.mac}`,
      ...bootWords(guest),
      `umid=${guest.name}`,
      "uml_dir=.",
      "con=null",
      "con0=null,fd:1",
      "con1=fd:3,fd:4",
      "ssl=null",
    ],
    stdio: ["ignore", log, log, input, output],
    env: { ...process.env, ...memoryFolder(folder) },
  }),
};

/** memoryFolder keeps a machine's memory in its folder where the shared memory is too small for it. */
function memoryFolder(folder: string): NodeJS.ProcessEnv {
  const { bavail, bsize } = statfsSync("/dev/shm");
  return bavail * bsize > 2 * MEMORY_MB * 2 ** 20 ? {} : { TMPDIR: folder };
}
