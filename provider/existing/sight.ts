import type { Connection } from "../host/connection";
import type { Host } from "../host/host";
import type { View } from "../ip/view";
import { ANY_MARK } from "../mark";
import type { Contract } from "../resource";
import type { Service } from "../service";
import { type Desired, type Fields, pick } from "../state";
import { Subject } from "../subject";
import type { Candidate, Left } from "./candidates";
import { saidOf, without } from "./said";

/** Seen is an object on a host, looked at as the lifecycle would. */
export interface Seen {
  /** What tells which one it is, in canonical form. */
  readonly which: Desired;
  readonly view: View;
  readonly found: Fields;
}

/** Sayable is an object as a program has it that takes it over. */
export interface Sayable {
  /** What is to be said of it, besides the connection. */
  readonly said: Fields;
  /** All inputs as the host has them. */
  readonly known: Fields;
}

/** Sight looks at objects of one type, whoever made them, and tells how a program would say what is there. */
export class Sight {
  private readonly common: Fields;

  constructor(
    private readonly contract: Contract,
    private readonly service: Service,
    private readonly host: Host,
    connection: Connection,
    // Whether an object can be asked for at all does not depend on its mark.
    mark = ANY_MARK,
    private readonly more: Fields = {},
  ) {
    this.common = pick({ connection, adopt: true, mark }, Object.keys(contract.inputs.shape));
  }

  /** which is what tells one object from others, in canonical form. */
  which(inputs: Fields): Desired {
    const more = pick(this.more, Object.keys(this.contract.inputs.shape));
    return this.service.check({ ...inputs, ...more, ...this.common }).inputs as Desired;
  }

  /** look gives nothing where there is no such object. */
  async look(inputs: Fields): Promise<Seen | undefined> {
    const which = this.which(inputs);
    const { view, found } = await new Subject(this.contract, this.host, which).look(true);
    return found && { which, view, found };
  }

  /** say tells how a program says what was seen, or why none can. */
  say({ unsaid }: Pick<Candidate, "unsaid">, { which, view, found }: Seen): Sayable | Left {
    const { contract, service, common } = this;
    const what = contract.describe(which);
    const known = present({ ...which, ...pick(found, Object.keys(contract.inputs.shape)), ...common });
    const spoken = unsaid.reduce<Fields>((rest, path) => without(rest, path.split(".")) as Fields, known);
    const { inputs: checked, problems } = service.check(spoken);
    const [problem] = problems;
    if (problem !== undefined) return { what, why: `${problem.path.join(".")}: ${problem.message}` };
    const obstacle = contract.obstacle?.(view, checked);
    if (obstacle !== undefined) return { what, why: obstacle.what };
    return { said: saidOf(contract, service, present(checked)), known };
  }
}

function present(fields: Fields): Fields {
  return JSON.parse(JSON.stringify(fields)) as Fields;
}
