//! The odd activation with its gain and bias tables as one operation of the autodiff framework: without it a dozen passes over memory.

use candle_core::{CpuStorage, CustomOp3, Error, Layout, Result, Shape, Storage, Tensor};

/// `s(g z + b + q) + s(g z - b - q)`, s(x) = (3c - c³)/2 with c = x clipped to [-1, 1].
///
/// `z`, `q`: (configurations, sites, units); `table`: (configurations, 2·units), gains then biases.
pub struct Activation;

fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let (start, end) = layout.contiguous_offsets().ok_or_else(|| Error::Msg("not contiguous".into()))?;
    Ok(&storage.as_slice::<f32>()?[start..end])
}

fn view<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    match storage {
        Storage::Cpu(storage) => slice(storage, layout),
        _ => Err(Error::Msg("not in main memory".into())),
    }
}

fn s(c: f32) -> f32 {
    c * (1.5 - 0.5 * c * c)
}

fn slope(c: f32) -> f32 {
    1.5 - 1.5 * c * c
}

fn clip(x: f32) -> f32 {
    let x = if x > 1.0 { 1.0 } else { x };
    if x < -1.0 { -1.0 } else { x }
}

impl CustomOp3 for Activation {
    fn name(&self) -> &'static str {
        "odd-activation"
    }

    fn cpu_fwd(
        &self,
        z: &CpuStorage,
        lz: &Layout,
        q: &CpuStorage,
        lq: &Layout,
        table: &CpuStorage,
        lt: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, sites, units) = lz.shape().dims3()?;
        let (z, q, table) = (slice(z, lz)?, slice(q, lq)?, slice(table, lt)?);
        let mut out = vec![0.0f32; z.len()];
        let configurations = out.chunks_mut(sites * units).zip(z.chunks(sites * units)).zip(q.chunks(sites * units));
        for (((out, z), q), table) in configurations.zip(table.chunks(2 * units)) {
            let (gain, bias) = table.split_at(units);
            for ((out, z), q) in out.chunks_mut(units).zip(z.chunks(units)).zip(q.chunks(units)) {
                for j in 0..units {
                    let (x, b) = (gain[j] * z[j], bias[j] + q[j]);
                    out[j] = s(clip(x + b)) + s(clip(x - b));
                }
            }
        }
        Ok((CpuStorage::F32(out), lz.shape().clone()))
    }

    fn bwd(
        &self,
        z: &Tensor,
        q: &Tensor,
        table: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (configurations, sites, units) = z.dims3()?;
        let grad = grad.contiguous()?;
        let mut dz = vec![0.0f32; configurations * sites * units];
        let mut dq = dz.clone();
        let mut dtable = vec![0.0f32; configurations * 2 * units];
        {
            let (sz, lz) = z.storage_and_layout();
            let (sq, lq) = q.storage_and_layout();
            let (st, lt) = table.storage_and_layout();
            let (sg, lg) = grad.storage_and_layout();
            let (z, q, t, g) = (view(&sz, lz)?, view(&sq, lq)?, view(&st, lt)?, view(&sg, lg)?);
            let n = sites * units;
            for c in 0..configurations {
                let (gain, bias) = t[c * 2 * units..][..2 * units].split_at(units);
                let (dgain, dbias) = dtable[c * 2 * units..][..2 * units].split_at_mut(units);
                for x in 0..sites {
                    let at = c * n + x * units;
                    let (z, q, g) = (&z[at..][..units], &q[at..][..units], &g[at..][..units]);
                    let (dz, dq) = (&mut dz[at..][..units], &mut dq[at..][..units]);
                    for j in 0..units {
                        let (x, b) = (gain[j] * z[j], bias[j] + q[j]);
                        let (up, down) = (slope(clip(x + b)), slope(clip(x - b)));
                        let (odd, even) = (g[j] * (up + down), g[j] * (up - down));
                        dz[j] = odd * gain[j];
                        dq[j] = even;
                        dgain[j] += odd * z[j];
                        dbias[j] += even;
                    }
                }
            }
        }
        let device = z.device();
        Ok((
            Some(Tensor::from_vec(dz, z.shape(), device)?),
            Some(Tensor::from_vec(dq, q.shape(), device)?),
            Some(Tensor::from_vec(dtable, table.shape(), device)?),
        ))
    }
}
