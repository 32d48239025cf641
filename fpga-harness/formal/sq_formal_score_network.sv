// The queues of sq_score_int8_network: whatever the layers and the period, each is read when it holds the site that is due, and is never
// overfull. Sites are counted where they go in and where they come out; no number is looked at.
module sq_formal_score_network (
  input  wire clk_i
);
  // Layers of 1 to 24 units, and any period that holds them and the features.
  (* anyconst *) reg [4:0] last1, last2;
  (* anyconst *) reg [5:0] last_slot;
  always @* assume (last1 < 24 && last2 < 24 && last_slot >= 22 && last_slot < 40 && last1 <= last_slot && last2 <= last_slot);
  reg [9:0] clock_q = 0;
  always @(posedge clk_i) clock_q <= clock_q + 1;
  wire rst = clock_q < 40;
  wire start = clock_q == 41;

  wire [5:0] addr;
  wire valid;
  wire [15:0] h;
  sq_score_int8_network #(.MaxLog2(3), .Units(24)) dut (
    .clk_i(clk_i), .rst_i(rst), .log2_i(3'd3), .last_slot_i(last_slot), .last1_i(last1), .last2_i(last2),
    .shifts_i(25'd0), .bank_i(1'b0), .weight_we_i(1'b0), .weight_layer_i(1'b0), .weight_pair_i(5'd0), .weight_unit_i(6'd0),
    .weight_data_i(32'd0), .scalar_we_i(1'b0), .scalar_addr_i(5'd0), .scalar_data_i(16'd0), .start_i(start), .addr_o(addr),
    .y_i(16'd0), .y2_i(15'd0), .valid_o(valid), .h_o(h)
  );
  (* hierconn *) wire \dut.site , \dut.full_q , \dut.run1_q , \dut.run2_q , \dut.last1 , \dut.last2 ;
  (* hierconn *) wire [5:0] \dut.done_late_q ;
  // Sites behind each: in, out of the first layer, out of the second.
  reg [6:0] in_q = 0, first_q = 0, out_q = 0;
  wire get = \dut.done_late_q [4];
  always @(posedge clk_i) if (!rst) begin
    in_q <= in_q + \dut.site ;
    first_q <= first_q + \dut.full_q ;
    out_q <= out_q + get;
    // Never empty when read, never overfull when written: 4 and 8 words.
    if (\dut.full_q ) assert (first_q < in_q);
    if (get) assert (out_q < first_q);
    if (\dut.site ) begin
      assert (in_q - first_q < 4);
      assert (in_q - out_q < 8);
      // The layer has done the site before, or does so in this clock.
      assert (!\dut.run1_q || \dut.last1 );
    end
    if (\dut.full_q ) assert (!\dut.run2_q || \dut.last2 );
  end
  wire unused = &{1'b0, addr, valid, h};
endmodule
