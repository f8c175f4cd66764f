/** Guest is what a kernel has to know of its machine, besides the files in the machine's folder. */
export interface Guest {
  readonly name: string;
  readonly address: string;
  readonly tap: string;
  readonly mac: string;
}

/** Wiring are open files for a kernel to use: the log of its console, and the two ends of the control service. */
export interface Wiring {
  readonly log: number;
  readonly input: number;
  readonly output: number;
}

/** Start is a command that runs a machine until it goes down. */
export interface Start {
  readonly argv: readonly string[];
  readonly stdio: ("ignore" | number)[];
  readonly env: NodeJS.ProcessEnv;
}

/** Kernel is a way to run a machine. */
export interface Kernel {
  /** The folder below image/ with what its machines alone have. */
  readonly recipe: string;
  /** How long a machine may take to answer when the outer machine is busy. */
  readonly bootSeconds: number;
  /** installed says what there is of the kernel on the outer machine, and what to do where that is not enough. */
  installed(): string;
  /** makeDisk makes a machine's own disk in its folder, above the image that the folder has a link to. */
  makeDisk(folder: string): Promise<void>;
  /** start gives the command, to be run in the machine's folder. */
  start(guest: Guest, folder: string, wiring: Wiring): Start;
}

/** bootWords are the words of a kernel's command line that the machine's own services read. */
export const bootWords = ({ name, address }: Guest) => [`systemd.hostname=${name}`, `lab.ip=${address}/24`];
