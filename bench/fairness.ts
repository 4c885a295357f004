/** Who gets the lock where many want it: the shares of the processes, how long they wait, and what it costs in all. */
import { join } from "node:path";
import { contend } from "./contention.ts";
import type { Journal } from "./journal.ts";
import { withParticipants, type Participant } from "./participant.ts";
import type { Report, Row, Scale, Target } from "./report.ts";
import { percentile, sum } from "./statistics.ts";
import { ANY, available, FIFO, POLLED, PYTHONS, type Way } from "./ways.ts";

const ORDERS = [ANY, FIFO];

interface Cell {
  readonly processes: number;
  readonly holdMs: number;
  readonly seconds: number;
}

/** The one that all ways are compared in. */
const SHARED: Cell = { processes: 8, holdMs: 5, seconds: 3 };
const FULL: readonly Cell[] = [2, 4, 8, 16, 32].flatMap((processes) =>
  [0, 1, 5].map((holdMs) =>
    processes === SHARED.processes && holdMs === SHARED.holdMs ? SHARED : { processes, holdMs, seconds: 1 },
  ),
);

const QUICK_SHARED: Cell = { processes: 4, holdMs: 5, seconds: 0.3 };
const QUICK: readonly Cell[] = [{ processes: 2, holdMs: 0, seconds: 0.3 }, QUICK_SHARED];

export async function fairness({ quick, directory }: Scale): Promise<Report> {
  const { cells, shared } = quick ? { cells: QUICK, shared: QUICK_SHARED } : { cells: FULL, shared: SHARED };
  const { ways, note } = available([POLLED, PYTHONS]);
  const rows: Row[] = [];
  const inShared = new Map<Way, Journal>();

  const measure = async (way: Way, cell: Cell, participants: readonly Participant[]): Promise<void> => {
    const { processes, holdMs, seconds } = cell;
    const lockFile = join(directory, `fairness-${way.way}-${processes}-${holdMs}.lock`);
    const journal = await contend(participants.slice(0, processes), {
      ...{ way: way.way, lockFile, holdMs, seconds },
    });
    rows.push(row(way, cell, journal));
    if (cell === shared) inShared.set(way, journal);
  };

  const most = Math.max(...cells.map(({ processes }) => processes));
  await withParticipants(new Array(most).fill("node"), async (participants) => {
    for (const cell of cells) for (const way of ORDERS) await measure(way, cell, participants);
    await measure(POLLED, shared, participants);
  });
  if (ways.includes(PYTHONS)) {
    const hosts = new Array(shared.processes).fill("python");
    await withParticipants(hosts, (participants) => measure(PYTHONS, shared, participants));
  }

  return {
    title: "Fairness among processes",
    about:
      "Each takes the lock again as soon as it has given it back. Holds a process, holds of all a second, " +
      "milliseconds of a wait, and how many processes at some time gave up standing in line (unqueued). No two held " +
      `together: every process journals its holds by one clock, and the journals were compared.${note}`,
    rows,
    targets: ORDERS.flatMap((way) => targets(way, shared, inShared.get(way)!)),
    series: Object.fromEntries([...inShared].map(([{ name }, { holds }]) => [name, holds])),
  };
}

function row({ name }: Way, { processes, holdMs, seconds }: Cell, journal: Journal): Row {
  const { holds } = journal;
  const waits = journal.waits();
  const [fewest, most] = [Math.min(...holds), Math.max(...holds)];
  return {
    name: `${name}: ${processes} processes, ${holdMs} ms`,
    ...{ fewest, most, "most/fewest": most / fewest, "holds/s": sum(holds) / seconds },
    ...{ p50: percentile(waits, 50), p99: percentile(waits, 99), longest: percentile(waits, 100) },
    unqueued: journal.unqueued,
  };
}

function targets(way: Way, { processes, holdMs }: Cell, journal: Journal): Target[] {
  const { holds } = journal;
  const [fewest, most] = [Math.min(...holds), Math.max(...holds)];
  const where = `${way.name}, ${processes} processes, ${holdMs} ms`;
  if (way === ANY) {
    const share = (fewest / sum(holds)) * processes;
    return [
      {
        name: `${where}: smallest share, of a fair one`,
        figure: share,
        is: "at least",
        limit: 1 / 3,
        unit: "",
      },
    ];
  }
  return [
    { name: `${where}: most/fewest`, figure: most / fewest, is: "at most", limit: 1.15, unit: "x" },
    {
      name: `${where}: longest wait, of a turn for everybody`,
      ...{ figure: percentile(journal.waits(), 100) / journal.cycle, is: "at most", limit: 2, unit: "x" },
    },
  ];
}
