import { type Hosts, readHosts } from "./hosts";
import { told } from "./service";

/** Configured is the configuration of a provider, of which some may be asked for before the engine has told it. */
export class Configured {
  private tell: (hosts: Promise<Hosts>) => void = () => {};
  private readonly told = new Promise<Hosts>((resolve) => {
    this.tell = resolve;
  });

  /** hosts are those of the configuration, once it is known. */
  readonly hosts = (): Promise<Hosts> => this.told;

  /** take takes `hosts` as the engine tells them. What is wrong with them is an error to those alone who need one. */
  take(given: unknown): void {
    const { hosts, problems } = readHosts(given);
    const wrong = async () => {
      throw new Error(`the provider's configuration is wrong: ${told(problems)}`);
    };
    const known = problems.length === 0 ? Promise.resolve(hosts) : wrong();
    // Perhaps nobody needs one.
    known.catch(() => {});
    this.tell(known);
  }
}
