#![allow(missing_docs, clippy::all, clippy::print_stdout)]
use captioner_image::*;
use std::time::Instant;
fn med(mut f: impl FnMut()) -> f64 { let mut t=vec![]; for _ in 0..41 { let s=Instant::now(); f(); t.push(s.elapsed().as_secs_f64()*1e3);} t.sort_by(f64::total_cmp); t[20] }
fn main(){
  let proc = ImageProcessor::new(ImageProcessorConfig::clip(224)).unwrap();
  for p in std::env::args().skip(1) {
    let b=std::fs::read(&p).unwrap();
    let want=std::fs::read(format!("{p}.rgb")).unwrap();
    let o=DecodeOptions::reference();
    let d=match decode(&b,&o) {Ok(d)=>d,Err(e)=>{println!("{p}: {e}");continue}};
    if d.as_raw().len()!=want.len() {println!("{p} len {} {}",d.len(),want.len());continue}
    let mut h=[0usize;256]; for (a,b) in d.as_raw().iter().zip(&want){h[a.abs_diff(*b) as usize]+=1}
    let max=h.iter().rposition(|c|*c>0).unwrap();
    let mut out=vec![0.0;3*224*224];
    println!("{p} exact {:.4} max {max} decode {:.3} process {:.3}", h[0] as f64/d.len() as f64, med(||{decode(&b,&o).unwrap();}), med(||{proc.preprocess_into(&d,&mut out).unwrap();}));
  }
}
