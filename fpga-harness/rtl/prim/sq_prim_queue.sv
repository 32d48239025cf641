// A queue of 2^Log2 words: first in, first out. Whoever puts and gets sees to it that it is neither overfull nor empty.
//
//   put_i   d_i is put behind the others
//   d_o     the first word, without a clock; get_i: the next one is the first, from the next clock on
module sq_prim_queue #(
  parameter integer Width = 64,
  parameter integer Log2 = 2
) (
  input  wire              clk_i,
  input  wire              rst_i,
  input  wire              put_i,
  input  wire [Width-1:0]  d_i,
  input  wire              get_i,
  output wire [Width-1:0]  d_o
);
  (* ram_style = "distributed" *) reg [Width-1:0] words [0:(1 << Log2)-1];
  reg [Log2-1:0] in_q, out_q;
  always_ff @(posedge clk_i) begin
    if (put_i) words[in_q] <= d_i;
    if (rst_i) begin
      in_q <= {Log2{1'b0}};
      out_q <= {Log2{1'b0}};
    end else begin
      if (put_i) in_q <= in_q + 1'b1;
      if (get_i) out_q <= out_q + 1'b1;
    end
  end
  assign d_o = words[out_q];
endmodule
