//! A circuit's board in software: the protocol's own crate, and the core.

use stoquant_core::action::QuarticDrift;
use stoquant_core::arith::{Arith as _, Fx};
use stoquant_core::integrator::{ChainNoise, Euler, Integrator as _, State, Sweep};
use stoquant_core::lattice::Plan;
use stoquant_core::noise::{StreamTag, Threefry, derive_key};
use stoquant_fpga::sim::{Circuit, circuits};
use stoquant_link::VERSION;
use stoquant_link::frame::{self, Frame, Head, MAX_PAYLOAD, Receiver, WIRE};
use stoquant_link::message::{Buffer, Coefficients, Identity, MAX_DATA, Refusal, Reply, Request, Statistics, Sums};
use stoquant_link::order::{Kept, Order, Verdict};
use stoquant_model::{ArithKind, IntegratorKind, NoiseKind};

/// What the simulated boards are.
#[derive(Clone, Copy)]
pub struct Kind {
    pub circuit: &'static Circuit,
    pub arith: ArithKind,
    pub sites: u32,
    pub chains: u8,
    /// Whether it sums φ and φ², and φ·nn.
    pub sums: [bool; 2],
}

pub fn kinds() -> [Kind; 3] {
    let (fx18, fx16) = (ArithKind::Fx18, ArithKind::Fx16);
    [
        Kind { circuit: &circuits::TOP18, arith: fx18, sites: 1 << 10, chains: 1, sums: [true, false] },
        Kind { circuit: &circuits::TOP16, arith: fx16, sites: 1 << 6, chains: 1, sums: [false; 2] },
        Kind { circuit: &circuits::TOP18X3, arith: fx18, sites: 1 << 8, chains: 3, sums: [true; 2] },
    ]
}

pub fn encoded(head: Head, payload: &[u8]) -> Vec<u8> {
    let mut wire = [0; WIRE];
    let length = frame::encode(head, payload, &mut wire).expect("it fits");
    wire[..length].to_vec()
}

pub fn request(request: &Request<'_>, session: u16, number: u16) -> Vec<u8> {
    let mut payload = [0; MAX_PAYLOAD];
    let length = request.encode(&mut payload).expect("it fits");
    encoded(Head { opcode: request.opcode(), session, number }, &payload[..length])
}

/// Seeds whose keys the reference knows.
pub const SEEDS: [u64; 4] = [1, 2, 3, 0xfeed_f00d_dead_beef];

pub fn key(seed: u64) -> [u32; 2] {
    derive_key(seed, 1, StreamTag::Noise.word(0)).0
}

/// What a circuit's board does, in software.
pub struct Reference {
    pub kind: Kind,
    pub receiver: Receiver,
    pub order: Order,
    pub statistics: Statistics,
    /// All that the board has.
    pub chains: Vec<Chain>,
    pub selected: usize,
    /// Of all chains but for saturations.
    state: State,
}

/// One of a board's chains.
#[derive(Clone, Default)]
pub struct Chain {
    pub with: Option<Coefficients>,
    pub field: Vec<i32>,
    pub clipped: u64,
}

impl Reference {
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            receiver: Receiver::default(),
            order: Order::default(),
            statistics: Statistics::default(),
            chains: vec![Chain::default(); usize::from(kind.chains)],
            selected: 0,
            state: State::default(),
        }
    }

    /// The chain that is selected.
    pub fn chain(&self) -> &Chain {
        &self.chains[self.selected]
    }

    fn state(&self) -> State {
        State { clipped: self.chain().clipped, ..self.state }
    }

    pub fn identity(&self) -> Identity {
        let mut target = [0; 24];
        target[..4].copy_from_slice(b"fpga");
        Identity {
            version: VERSION,
            session: self.order.session(),
            sites: self.kind.sites,
            work: u32::MAX,
            slabs: self.kind.sites,
            image: 0,
            ariths: Identity::ariths_of(&[self.kind.arith]),
            integrators: Identity::integrators_of(&[IntegratorKind::Euler]),
            dims: 1 << 2,
            observables: false,
            coefficients: true,
            sums: self.kind.sums[0],
            chains: self.kind.chains,
            build: 0,
            target,
        }
    }

    /// What comes back for these bytes.
    pub fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![];
        for &byte in bytes {
            let Some(Frame { head, payload }) = self.receiver.push(byte) else { continue };
            let payload = payload.to_vec();
            self.frame(head, &payload, &mut out);
        }
        out
    }

    fn frame(&mut self, head: Head, payload: &[u8], out: &mut Vec<u8>) {
        let raw = |opcode, payload: &[u8]| encoded(Head { opcode, ..head }, payload);
        let reply = |reply: &Reply<'_>| {
            let mut payload = [0; MAX_PAYLOAD];
            let length = reply.encode(&mut payload).expect("it fits");
            raw(reply.opcode(), &payload[..length])
        };
        if !Request::numbered(head.opcode) {
            out.extend(match Request::decode(head.opcode, payload) {
                Some(Request::Open(session)) => {
                    if session != self.order.session() {
                        self.selected = 0;
                    }
                    self.order.open(session);
                    reply(&Reply::Identity(self.identity()))
                }
                Some(Request::Identify) => reply(&Reply::Identity(self.identity())),
                Some(Request::Statistics) => {
                    let counters = self.receiver.counters;
                    let (frames, checksum, framing) = (counters.frames, counters.checksum, counters.framing);
                    reply(&Reply::Statistics(Statistics { frames, checksum, framing, ..self.statistics }))
                }
                Some(_) => reply(&Reply::Done),
                None => reply(&Reply::Refused(Refusal::Malformed)),
            });
            return;
        }
        match self.order.judge(&head) {
            Verdict::NoSession => {
                self.statistics.no_session += 1;
                out.extend(reply(&Reply::NoSession));
            }
            Verdict::OutOfOrder(next) => {
                self.statistics.out_of_order += 1;
                out.extend(reply(&Reply::OutOfOrder(next)));
            }
            Verdict::Again(kept) => {
                self.statistics.repeated += 1;
                match kept {
                    Kept::Nothing => {}
                    Kept::Reply { opcode, payload } => out.extend(raw(opcode, &payload)),
                    Kept::Read(buffer, first, count) => out.extend(self.read(buffer, first, count, reply)),
                }
            }
            Verdict::Execute => {
                self.statistics.executed += 1;
                // Its payload is not looked at where the circuit has nothing of the kind.
                let absent = matches!(head.opcode, 0x10 | 0x11 | 0x17..=0x19 | 0x1e);
                let decoded = if absent { Some(Request::Finish) } else { Request::decode(head.opcode, payload) };
                let mut kept = |order: &mut Order, request: &Request<'_>, answer: &Reply<'_>| {
                    let mut payload = [0; MAX_PAYLOAD];
                    let length = answer.encode(&mut payload).expect("it fits");
                    out.extend(raw(answer.opcode(), &payload[..length]));
                    order.done(request, Kept::reply(answer.opcode(), &payload[..length]));
                };
                match decoded {
                    None => kept(&mut self.order, &Request::State, &Reply::Refused(Refusal::Malformed)),
                    Some(Request::Read { buffer, first, count }) => {
                        out.extend(self.read(buffer, first, count, reply));
                        self.order.done(&Request::Read { buffer, first, count }, Kept::Read(buffer, first, count));
                    }
                    Some(request) => {
                        let answer = self.execute(&request).unwrap_or_else(Reply::Refused);
                        kept(&mut self.order, &request, &answer);
                    }
                }
            }
        }
    }

    pub fn bits(&self, n: i32) -> u32 {
        n as u32 & if self.kind.arith == ArithKind::Fx18 { (1 << 18) - 1 } else { 0xffff }
    }

    fn read(&self, buffer: Buffer, first: u32, count: u16, reply: impl Fn(&Reply<'_>) -> Vec<u8>) -> Vec<u8> {
        let size = self.kind.arith.bytes();
        let (first, count) = (first as usize, usize::from(count));
        let refused = |why| reply(&Reply::Refused(why));
        if self.chain().with.is_none() {
            return refused(Refusal::Unconfigured);
        }
        if buffer != Buffer::Field {
            return refused(Refusal::Unsupported);
        }
        match self.chain().field.get(first..first + count) {
            Some(words) if count * size <= MAX_DATA => {
                let bytes = |&n: &i32| self.bits(n).to_le_bytes()[..size].to_vec();
                reply(&Reply::Data(&words.iter().flat_map(bytes).collect::<Vec<u8>>()))
            }
            _ => refused(Refusal::Capacity),
        }
    }

    fn word(&self, bytes: &[u8]) -> Option<i32> {
        let bits = bytes.iter().rfold(0, |word, &byte| word << 8 | u64::from(byte));
        match self.kind.arith {
            ArithKind::Fx16 => Fx::<16>::from_bits(bits).map(Fx::int),
            _ => Fx::<18>::from_bits(bits).map(Fx::int),
        }
    }

    fn execute(&mut self, request: &Request<'_>) -> Result<Reply<'static>, Refusal> {
        match request {
            Request::Coefficients(with) => {
                let first = self.selected == 0;
                // Without the first one there is none.
                self.chains.iter_mut().enumerate().filter(|(at, _)| first || *at == self.selected).for_each(
                    |(_, chain)| {
                        chain.with = None;
                    },
                );
                let [rows, columns] = with.extents;
                if with.arith != self.kind.arith {
                    return Err(Refusal::Unsupported);
                }
                if rows > 0xffff || columns > 0xffff {
                    return Err(Refusal::Capacity);
                }
                if first {
                    if rows < 2 || columns == 0 {
                        return Err(Refusal::Parameter);
                    }
                    if rows * columns > self.kind.sites {
                        return Err(Refusal::Capacity);
                    }
                    self.state = State::default();
                } else if self.chains[0].with.ok_or(Refusal::Unconfigured)?.extents != with.extents {
                    return Err(Refusal::Parameter);
                }
                let field = vec![0; (rows * columns) as usize];
                self.chains[self.selected] = Chain { with: Some(*with), field, clipped: 0 };
                Ok(Reply::Done)
            }
            &Request::Select(chain) => {
                if chain >= u16::from(self.kind.chains) {
                    return Err(Refusal::Capacity);
                }
                self.selected = chain.into();
                Ok(Reply::Done)
            }
            Request::Write { buffer, .. } if *buffer != Buffer::Field => Err(Refusal::Unsupported),
            Request::Configure { .. }
            | Request::HotStart(_)
            | Request::Image { .. }
            | Request::Finish
            | Request::Draw { .. } => Err(Refusal::Unsupported),
            Request::Sums if !self.kind.sums[0] => Err(Refusal::Unsupported),
            _ if self.chain().with.is_none() => Err(Refusal::Unconfigured),
            Request::Write { first, bytes, .. } => {
                let size = self.kind.arith.bytes();
                let (first, count) = (*first as usize, bytes.len() / size);
                if first + count > self.chain().field.len() || bytes.len() % size != 0 {
                    return Err(Refusal::Capacity);
                }
                let words: Option<Vec<i32>> = bytes.chunks(size).map(|bytes| self.word(bytes)).collect();
                let words = words.ok_or(Refusal::Parameter)?;
                self.chains[self.selected].field[first..first + count].copy_from_slice(&words);
                Ok(Reply::Done)
            }
            Request::State => Ok(Reply::State(self.state(), None)),
            Request::SetState(state) => {
                self.state = *state;
                self.chains[self.selected].clipped = state.clipped;
                Ok(Reply::Done)
            }
            Request::Run { sweeps, .. } => {
                let mut ran = self.state;
                for at in 0..self.chains.len() {
                    let chain = self.chains[at].clone();
                    // A chain that nobody has configured runs too, and nobody asks for it.
                    let Some(with) = chain.with else { continue };
                    let state = State { clipped: chain.clipped, ..self.state };
                    let ended = match self.kind.arith {
                        ArithKind::Fx16 => run::<16>(with, &chain.field, state, *sweeps),
                        _ => run::<18>(with, &chain.field, state, *sweeps),
                    };
                    self.chains[at] = Chain { with: Some(with), field: ended.0, clipped: ended.1.clipped };
                    ran = ended.1;
                }
                self.state = ran;
                Ok(Reply::State(self.state(), None))
            }
            Request::Sums => Ok(Reply::Sums(self.sums())),
            _ => Err(Refusal::Unsupported),
        }
    }

    /// The sums of the selected chain, by their definition.
    pub fn sums(&self) -> Sums {
        let Chain { with, field, .. } = self.chain();
        let [rows, columns] = with.expect("it is configured").extents.map(|extent| extent as usize);
        let at = |row: usize, column: usize| i64::from(field[row % rows * columns + column % columns]);
        let (mut sums, mut bonds) = ([0, 0], 0);
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            let phi = at(row, column);
            sums = [sums[0] + phi, sums[1] + phi * phi];
            bonds += phi
                * (at(row + 1, column)
                    + at(row + rows - 1, column)
                    + at(row, column + 1)
                    + at(row, column + columns - 1));
        }
        let bonds = self.kind.sums[1].then_some(bonds);
        Sums::new(Some(sums[0]), Some(sums[1] as u64), bonds, None, None)
    }
}

/// Sweeps of a chain: its field and counters after them.
fn run<const W: u32>(with: Coefficients, field: &[i32], mut state: State, sweeps: u32) -> (Vec<i32>, State)
where
    Fx<W>: stoquant_core::arith::Arith<Sum = i32, Wide = i64, Sigma = i32, Gain = i32, Slope = i64>,
{
    let seed = SEEDS.into_iter().find(|&seed| key(seed) == with.key).expect("a known key");
    let extents = with.extents.map(|extent| extent as usize);
    let work = Plan::<2>::work_sites(&extents).expect("a lattice");
    let plan = Plan::new(extents, work).expect("a lattice");
    let drift = QuarticDrift { hop: with.hop, linear: i64::from(with.linear), cubic: with.cubic };
    let euler = Euler::<Fx<W>, _>::from_parts(drift, with.sigma);
    let mut noise = ChainNoise::<Threefry>::new(seed, 1, NoiseKind::Gaussian);
    let site = |&n: &i32| Fx::<W>::from_int(n).expect("in range").store();
    let mut phi: Vec<_> = field.iter().map(site).collect();
    let mut work = vec![Default::default(); work];
    for _ in 0..sweeps {
        let (noise, state) = (&mut noise, &mut state);
        euler.sweep(&plan, Sweep { noise, phi: &mut phi, work: &mut work, state });
    }
    (phi.iter().map(|&word| Fx::<W>::load(word).int()).collect(), state)
}
