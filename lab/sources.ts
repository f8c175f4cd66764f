import { readFileSync } from "node:fs";
import { run } from "./process";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const STANDARD = "http://deb.debian.org";

interface Archive {
  readonly packages: string;
  readonly security: string;
}

/** aptSources are the lines for the sources.list of an image, from wherever this machine gets its own packages. */
export async function aptSources(release: string): Promise<string[]> {
  const { packages, security } = await archiveOfThisMachine();
  const line = (uri: string, suite: string) => `deb [signed-by=${KEYRING}] ${uri} ${suite} main`;
  return [
    line(packages, release),
    line(packages, `${release}-updates`),
    line(security, `${release}-security`),
  ];
}

/** A Debian machine may be set to use a mirror near it; any other machine has no Debian sources to learn from. */
async function archiveOfThisMachine(): Promise<Archive> {
  const archive = { packages: `${STANDARD}/debian`, security: `${STANDARD}/debian-security` };
  const release = osRelease();
  const codename = release.get("VERSION_CODENAME");
  if (release.get("ID") !== "debian" || codename === undefined) return archive;
  const listed = await run([
    "apt-get",
    "indextargets",
    "--format",
    "$(RELEASE) $(COMPONENT) $(REPO_URI)",
    "Created-By: Packages",
  ]);
  const uris = new Map(
    listed.stdout
      .split("\n")
      .map((line) => line.split(" "))
      .filter(([, component]) => component === "main")
      .map(([suite = "", , uri = ""]) => [suite, uri]),
  );
  return {
    packages: uris.get(codename) ?? archive.packages,
    security: uris.get(`${codename}-security`) ?? archive.security,
  };
}

function osRelease(): Map<string, string> {
  const fields = readFileSync("/etc/os-release", "utf8").matchAll(/^(\w+)="?(.*?)"?$/gm);
  return new Map([...fields].map(([, name = "", value = ""]) => [name, value]));
}

/** aptOptions is this machine's way to its archive: proxies, and which signatures' dates count. */
export async function aptOptions(): Promise<string[]> {
  const { stdout } = await run(["apt-config", "dump", "--no-empty", "Acquire"]);
  return stdout.split("\n").filter((line) => /^Acquire::(https?::|ftp::|Retries|Check-)/i.test(line));
}
