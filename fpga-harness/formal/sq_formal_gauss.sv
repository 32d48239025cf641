// sq_noise_gauss: segment and position against their definition, and the sums against 64 bits. Products are free, the table is the real one.
//
// For every word; k-induction longer than the pipeline.
module sq_formal_gauss #(
  parameter integer W = 18
) (
  input  wire         clk_i,
  input  wire [31:0]  word_i
);
  wire signed [W-1:0] eta;
  sq_noise_gauss #(.W(W)) dut (.clk_i(clk_i), .word_i(word_i), .eta_o(eta));
  (* hierconn *) wire [5:0] \dut.index_q ;
  (* hierconn *) wire [15:0] \dut.n_q , \dut.c1 , \dut.c2 ;
  (* hierconn *) wire [31:0] \dut.c0 , \dut.size_q ;
  (* hierconn *) wire signed [15:0] \dut.r_q , \dut.t_2_q , \dut.t_second ;
  (* hierconn *) wire signed [31:0] \dut.bend , \dut.slope ;

  // As in core/src/noise/gauss.rs.
  reg [31:0] word_q [0:12];
  reg [4:0] age_q = 0;
  integer n;
  always @(posedge clk_i) begin
    word_q[0] <= word_i;
    for (n = 1; n < 13; n = n + 1) word_q[n] <= word_q[n-1];
    if (age_q != 16) age_q <= age_q + 1;
  end
  wire [31:0] v = {word_q[3][30:0], 1'b1};
  reg [5:0] lz;
  always @* begin
    lz = 0;
    for (n = 0; n < 32; n = n + 1) if (v[n]) lz = 31 - n;
  end
  wire [31:0] shifted = v << lz;
  wire [31:0] quarter = 4 * lz + (shifted >> 29), octave = 34 + lz;
  wire [31:0] index = (quarter < octave ? quarter : octave) & 63;

  // The table's columns of one word, side by side, and what is made of them.
  wire signed [63:0] c1 = $signed(\dut.c1 ), c2 = $signed(\dut.c2 ), bend = \dut.bend , slope = \dut.slope , r = \dut.r_q , got = eta;
  wire [63:0] c0 = \dut.c0 , size = \dut.size_q ;
  reg signed [63:0] c1_q, c1_2_q, sum_q, slope_q;
  reg [63:0] c0_q, acc_q;
  reg [15:0] t_q [0:6];
  reg [5:0] index_q [0:6];
  always @(posedge clk_i) begin
    c1_q <= c1;
    c1_2_q <= c1_q;
    sum_q <= bend + c1_2_q * 64'sd16384;
    c0_q <= c0;
    slope_q <= slope;
    acc_q <= size;
    t_q[0] <= \dut.n_q ;
    index_q[0] <= \dut.index_q ;
    for (n = 1; n < 7; n = n + 1) begin
      t_q[n] <= t_q[n-1];
      index_q[n] <= index_q[n-1];
    end
  end
  // The same columns again, with the half of W = 18.
  wire [31:0] again_c0;
  wire [15:0] again_c1, again_c2;
  sq_noise_gauss_table again (
    .clk_i(clk_i), .index_i(index_q[4]), .index_late_i(index_q[4]), .c0_o(again_c0), .c1_o(again_c1), .c2_o(again_c2)
  );
  wire [63:0] half = (64'd1 << (32 - W)) - 64'd16384;
  wire [63:0] magnitude = acc_q >> (33 - W);

  always @(posedge clk_i) if (age_q == 16) begin
    // 4 clocks after the word.
    assert (\dut.index_q == index);
    assert (\dut.n_q == shifted[31:16]);
    // t is negative.
    assert (shifted[31]);
    // r in 16 bits: 9 clocks after the word.
    assert (r == sum_q >>> 15);
    assert ($signed(\dut.t_2_q ) == $signed(t_q[1]) && $signed(\dut.t_second ) == $signed(t_q[4]));
    // |η| before rounding, in 32 bits without wrap, and rounded.
    assert ($signed(size) == $signed(c0_q) + slope_q);
    assert (got == (word_q[12][31] ? -magnitude : magnitude));
    assert (magnitude < 64'd1 << (W - 1));
    // c0, with the half of W, is of the same index as c1, which the multiplication of r holds up by five clocks.
    assert (c0 == again_c0 + half);
  end
  wire unused = &{1'b0, c2, again_c1, again_c2};
endmodule
