//! Which defects are planted: a sample in which each file has its share.

use std::collections::BTreeMap;

use crate::sites::{Kind, Site};

/// SplitMix64: a sample depends on its seed and on nothing else.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for n in (1..items.len()).rev() {
            items.swap(n, (self.next() % (n as u64 + 1)) as usize);
        }
    }
}

/// Of checks themselves fewer are drawn: no check notices that another became laxer.
const LIGHT: (&str, f64) = ("host/certify/src/", 0.25);

/// Draws `count` places that do not overlap, from each file in proportion to what it has, the kinds in turn. Those of a
/// file are in its order.
pub fn draw(sites: &[Site], count: usize, seed: u64) -> Vec<Site> {
    let mut files: BTreeMap<&str, Vec<&Site>> = BTreeMap::new();
    for site in sites {
        files.entry(&site.file).or_default().push(site);
    }
    let mut random = Random(seed);
    let mut drawn = Vec::new();
    for ((_, mut sites), share) in files.clone().into_iter().zip(shares(&files, count, &mut random)) {
        random.shuffle(&mut sites);
        let mut kinds: BTreeMap<Kind, Vec<&Site>> = BTreeMap::new();
        for site in sites {
            kinds.entry(site.kind).or_default().push(site);
        }
        let mut queues: Vec<Vec<&Site>> = kinds.into_values().collect();
        random.shuffle(&mut queues);
        let mut of_file: Vec<&Site> = Vec::new();
        while of_file.len() < share && !queues.is_empty() {
            queues.retain_mut(|queue| {
                let free = |site: &&Site| of_file.iter().all(|other| apart(site, other));
                let next = std::iter::from_fn(|| queue.pop()).find(free);
                of_file.extend(next.filter(|_| of_file.len() < share));
                next.is_some()
            });
        }
        of_file.sort_by_key(|site| site.range.start);
        drawn.extend(of_file.into_iter().cloned());
    }
    drawn
}

fn apart(a: &Site, b: &Site) -> bool {
    a.range.end <= b.range.start || b.range.end <= a.range.start
}

/// The defects in an order in which every file comes early.
pub fn shuffled(mut numbers: Vec<usize>, seed: u64) -> Vec<usize> {
    Random(seed).shuffle(&mut numbers);
    numbers
}

/// How many of each file: whole parts of the proportion, the rest by its fractions, equal ones by lot.
fn shares(files: &BTreeMap<&str, Vec<&Site>>, count: usize, random: &mut Random) -> Vec<usize> {
    let weight = |(file, sites): (&&str, &Vec<&Site>)| {
        let light = if file.starts_with(LIGHT.0) { LIGHT.1 } else { 1.0 };
        light * sites.len() as f64
    };
    let all: f64 = files.iter().map(weight).sum();
    let ideal: Vec<f64> = files.iter().map(|file| count as f64 * weight(file) / all.max(1.0)).collect();
    let mut shares: Vec<usize> = ideal.iter().map(|share| share.floor() as usize).collect();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    random.shuffle(&mut order);
    order.sort_by(|&a, &b| ideal[b].fract().total_cmp(&ideal[a].fract()));
    let rest = count.saturating_sub(shares.iter().sum());
    order.into_iter().take(rest).for_each(|file| shares[file] += 1);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sites::find;

    #[test]
    fn a_sample_is_fair_apart_and_repeatable() {
        let long: String = (0..40).map(|n| format!("fn f{n}(a: u32, b: u32) -> u32 {{ a + b * {n} }}\n")).collect();
        let short: String = long.lines().take(10).map(|line| format!("{line}\n")).collect();
        let sites = [find("long.rs", &long).unwrap().sites, find("short.rs", &short).unwrap().sites].concat();
        let drawn = draw(&sites, 50, 1);
        let of = |file: &str| drawn.iter().filter(|site| site.file == file).collect::<Vec<_>>();
        assert_eq!((of("long.rs").len(), of("short.rs").len()), (40, 10));
        assert!(of("long.rs").windows(2).all(|two| two[0].range.end <= two[1].range.start));
        assert_eq!(draw(&sites, 50, 1), drawn);
        assert_ne!(draw(&sites, 50, 2), drawn);
        // No more than there is room for.
        assert!(draw(&sites, 10_000, 1).len() <= sites.len());
    }
}
