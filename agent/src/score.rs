//! A chain of the quantised score: from noise to φ by the integer reverse SDE, an image of the host's.
//!
//! Scratch memory, in words of 16 bits: ĥ (φ in the end), the work of an evaluation, a line of H, a prepared stage.

use bytemuck::{try_cast_slice, try_cast_slice_mut};
use stoquant_core::integrator::State;
use stoquant_core::machine::Portable;
use stoquant_core::noise::{Noise, StreamTag, Threefry};
use stoquant_core::score::int8::{Header, Image, Kernels, Line, Network, Sampler, Shape, Stage, magnetisation, start};
use stoquant_link::message::{Refusal, Reply};
use stoquant_model::NoiseKind;

use crate::chain::Memory;

/// Sites that pass through the network together.
const BLOCK: usize = 4;

/// An image in use.
pub(crate) struct Score {
    /// Header of the image in `memory`, which was checked when it was configured. A write to the image ends this chain.
    header: Header,
    seed: u64,
    chain: u32,
    m: i16,
}

type Device<'a> = Network<Line<'a>, BLOCK>;

/// Numbers of scratch memory: ĥ, work, line, stage.
fn parts(shape: &Shape) -> [usize; 4] {
    let extent = shape.extent;
    [extent * extent, Device::work(shape), extent, shape.prepared()]
}

fn numbers(words: &[u32]) -> &[i16] {
    try_cast_slice(words).unwrap_or(&[])
}

fn numbers_mut(words: &mut [u32]) -> &mut [i16] {
    try_cast_slice_mut(words).unwrap_or(&mut [])
}

/// What the scratch memory is made of.
fn scratch<'a>(words: &'a mut [u32], shape: &Shape) -> Option<[&'a mut [i16]; 4]> {
    let [h, work, line, stage] = parts(shape);
    let (h, rest) = numbers_mut(words).split_at_mut_checked(h)?;
    let (work, rest) = rest.split_at_mut_checked(work)?;
    let (line, rest) = rest.split_at_mut_checked(line)?;
    Some([h, work, line, rest.get_mut(..stage)?])
}

impl Score {
    pub fn new(memory: &mut Memory<'_>, length: u32, seed: u64, chain: u32) -> Result<(Self, Reply<'static>), Refusal> {
        let bytes = memory.image.get(..length as usize).ok_or(Refusal::Image)?;
        let image = Image::new(bytes).map_err(|_| Refusal::Image)?;
        let shape = image.shape();
        if image.sampler() != Sampler::Reverse {
            return Err(Refusal::Unsupported);
        }
        let needed = parts(&shape).iter().sum::<usize>();
        let u = numbers_mut(memory.field).get_mut(..shape.extent * shape.extent).ok_or(Refusal::Capacity)?;
        if numbers(memory.scratch).len() < needed {
            return Err(Refusal::Capacity);
        }
        start(Portable, &mut noise(seed, chain, StreamTag::Start), 0, u);
        let m = magnetisation(&image, Threefry::new(seed, chain, StreamTag::Magnetisation).word64(0));
        let reply = Reply::Image { extent: shape.extent as u16, stages: shape.stages as u16, m };
        Ok((Self { header: image.header(), seed, chain, m }, reply))
    }

    /// Number of sites, L².
    fn volume(&self) -> usize {
        let extent = self.header.shape().extent;
        extent * extent
    }

    /// Stages from that of `state` on, as far as there are.
    pub fn run(
        &self,
        machine: impl Kernels,
        memory: &mut Memory<'_>,
        state: &mut State,
        count: u32,
        stop: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), Refusal> {
        let image = self.header.image(memory.image).ok_or(Refusal::Image)?;
        let [h, work, line, prepared] = scratch(memory.scratch, &image.shape()).ok_or(Refusal::Capacity)?;
        let u = numbers_mut(memory.field).get_mut(..self.volume()).ok_or(Refusal::Capacity)?;
        let network = Device::new(&image, Line::new(&image, line));
        let mut noise = noise(self.seed, self.chain, StreamTag::Noise);
        let left = (image.shape().stages as u64).saturating_sub(state.step);
        for _ in 0..left.min(u64::from(count)) {
            let stage = Stage::prepare(&image, state.step as usize, prepared);
            network.remainder(machine, &stage, self.m, u, h, work);
            network.reverse(machine, &stage, &mut noise, state.step, h, u);
            state.step += 1;
            if stop(state.step) {
                break;
            }
        }
        Ok(())
    }

    /// φ of the modes as they are.
    pub fn finish(&self, machine: impl Kernels, memory: &mut Memory<'_>) -> Result<(), Refusal> {
        let image = self.header.image(memory.image).ok_or(Refusal::Image)?;
        let [phi, work, line, _] = scratch(memory.scratch, &image.shape()).ok_or(Refusal::Capacity)?;
        let u = numbers(memory.field).get(..self.volume()).ok_or(Refusal::Capacity)?;
        Device::new(&image, Line::new(&image, line)).finish(machine, &image, self.m, u, phi, work);
        Ok(())
    }

    pub fn write(&self, memory: &mut Memory<'_>, first: u32, bytes: &[u8]) -> Result<(), Refusal> {
        let (words, rest) = bytes.as_chunks::<2>();
        let start = first as usize;
        let end = start.checked_add(words.len()).ok_or(Refusal::Capacity)?;
        let u = numbers_mut(memory.field).get_mut(..self.volume()).and_then(|u| u.get_mut(start..end));
        let u = u.filter(|_| rest.is_empty()).ok_or(Refusal::Capacity)?;
        if words.iter().any(|&word| i16::from_le_bytes(word) == i16::MIN) {
            return Err(Refusal::Parameter);
        }
        for (slot, &word) in u.iter_mut().zip(words) {
            *slot = i16::from_le_bytes(word);
        }
        Ok(())
    }

    pub fn modes<'a>(&self, memory: &'a Memory<'_>) -> &'a [i16] {
        numbers(memory.field).get(..self.volume()).unwrap_or(&[])
    }

    pub fn phi<'a>(&self, memory: &'a Memory<'_>) -> &'a [i16] {
        numbers(memory.scratch).get(..self.volume()).unwrap_or(&[])
    }
}

fn noise(seed: u64, chain: u32, tag: StreamTag) -> Noise<Threefry> {
    Noise { law: NoiseKind::Gaussian, words: Threefry::new(seed, chain, tag) }
}
