// Generated from stoquant-core by `cargo xtask fpga generate`; do not edit.
// Coefficients of the Gaussian, in block RAM: c1 and c2 of index_i, c0 of index_late_i, both 2 clocks later. Twin of
// core/src/noise/gauss_table.rs.
module sq_noise_gauss_table #(
  // Added to every c0.
  parameter [31:0] Half = 32'd0
) (
  input  wire         clk_i,
  input  wire [5:0]   index_i,
  input  wire [5:0]   index_late_i,
  output wire [31:0]  c0_o,
  output wire [15:0]  c1_o,
  output wire [15:0]  c2_o
);
  (* rom_style = "block", ram_style = "block" *) reg [31:0] slopes [0:63];
  (* rom_style = "block", ram_style = "block" *) reg [31:0] constants [0:63];
  initial begin
    slopes[0] = 32'h00000000;  constants[0] = 32'hc553a3ff + Half;
    slopes[1] = 32'h00000000;  constants[1] = 32'hcad0ccc8 + Half;
    slopes[2] = 32'h00000000;  constants[2] = 32'h00000000 + Half;
    slopes[3] = 32'h00000000;  constants[3] = 32'h00000000 + Half;
    slopes[4] = 32'h0a3ec4d2;  constants[4] = 32'h01aa612b + Half;
    slopes[5] = 32'h05f9b7db;  constants[5] = 32'h006ed0bd + Half;
    slopes[6] = 32'h032ab22c;  constants[6] = 32'h00126822 + Half;
    slopes[7] = 32'h00ffaffa;  constants[7] = 32'h00004fdd + Half;
    slopes[8] = 32'h0adfde3c;  constants[8] = 32'h16eeb62a + Half;
    slopes[9] = 32'h0751d36c;  constants[9] = 32'h15e71ddb + Half;
    slopes[10] = 32'h0537cf26;  constants[10] = 32'h15a1562e + Half;
    slopes[11] = 32'h03dbcdc0;  constants[11] = 32'h1595acf6 + Half;
    slopes[12] = 32'h0a34e833;  constants[12] = 32'h2609d821 + Half;
    slopes[13] = 32'h06f7de59;  constants[13] = 32'h2519a138 + Half;
    slopes[14] = 32'h0510da7a;  constants[14] = 32'h24da5bc2 + Half;
    slopes[15] = 32'h03d9d93a;  constants[15] = 32'h24cfeaf7 + Half;
    slopes[16] = 32'h0975ed66;  constants[16] = 32'h323a1e36 + Half;
    slopes[17] = 32'h0676e448;  constants[17] = 32'h315bc3fa + Half;
    slopes[18] = 32'h04b5e0b6;  constants[18] = 32'h31216841 + Half;
    slopes[19] = 32'h0397df8f;  constants[19] = 32'h3117c58b + Half;
    slopes[20] = 32'h08cbf08f;  constants[20] = 32'h3caa6ca5 + Half;
    slopes[21] = 32'h05ffe80d;  constants[21] = 32'h3bdafc28 + Half;
    slopes[22] = 32'h045de4ba;  constants[22] = 32'h3ba4a2af + Half;
    slopes[23] = 32'h0354e3a9;  constants[23] = 32'h3b9bbfa8 + Half;
    slopes[24] = 32'h083bf2b2;  constants[24] = 32'h45eb4bbf + Half;
    slopes[25] = 32'h059aeab2;  constants[25] = 32'h45282692 + Half;
    slopes[26] = 32'h0412e794;  constants[26] = 32'h44f52dee + Half;
    slopes[27] = 32'h0319e693;  constants[27] = 32'h44ecc8e6 + Half;
    slopes[28] = 32'h07c0f439;  constants[28] = 32'h4e4d38aa + Half;
    slopes[29] = 32'h0544ecaa;  constants[29] = 32'h4d94eafb + Half;
    slopes[30] = 32'h03d2e9b8;  constants[30] = 32'h4d64bc1b + Half;
    slopes[31] = 32'h02e7e8c6;  constants[31] = 32'h4d5ce0a5 + Half;
    slopes[32] = 32'h0756f55f;  constants[32] = 32'h5603964f + Half;
    slopes[33] = 32'h04faee31;  constants[33] = 32'h55548544 + Half;
    slopes[34] = 32'h039beb67;  constants[34] = 32'h5526fa29 + Half;
    slopes[35] = 32'h02bdea82;  constants[35] = 32'h551f8391 + Half;
    slopes[36] = 32'h06faf645;  constants[36] = 32'h5d30cbc6 + Half;
    slopes[37] = 32'h04baef6c;  constants[37] = 32'h5c89cbf9 + Half;
    slopes[38] = 32'h036cecc5;  constants[38] = 32'h5c5e827c + Half;
    slopes[39] = 32'h0298ebea;  constants[39] = 32'h5c575b93 + Half;
    slopes[40] = 32'h06aaf700;  constants[40] = 32'h63ed55a8 + Half;
    slopes[41] = 32'h0483f073;  constants[41] = 32'h634d8902 + Half;
    slopes[42] = 32'h0343ede7;  constants[42] = 32'h6323df00 + Half;
    slopes[43] = 32'h0279ed16;  constants[43] = 32'h631d0e92 + Half;
    slopes[44] = 32'h03d7ef98;  constants[44] = 32'h6988f3a6 + Half;
    slopes[45] = 32'h03b0f064;  constants[45] = 32'h6f9c6701 + Half;
    slopes[46] = 32'h038df116;  constants[46] = 32'h7568ca4e + Half;
    slopes[47] = 32'h036ef1b4;  constants[47] = 32'h7af6cc10 + Half;
    slopes[48] = 32'h0351f23e;  constants[48] = 32'h804d4b83 + Half;
    slopes[49] = 32'h0337f2bb;  constants[49] = 32'h85725f79 + Half;
    slopes[50] = 32'h031ff32c;  constants[50] = 32'h8a6ae9ef + Half;
    slopes[51] = 32'h030af394;  constants[51] = 32'h8f3aeecf + Half;
    slopes[52] = 32'h02f5f3f0;  constants[52] = 32'h93e5f5ee + Half;
    slopes[53] = 32'h02e3f448;  constants[53] = 32'h986f5015 + Half;
    slopes[54] = 32'h02d1f495;  constants[54] = 32'h9cd93145 + Half;
    slopes[55] = 32'h02c2f4e0;  constants[55] = 32'ha126619c + Half;
    slopes[56] = 32'h02b3f521;  constants[56] = 32'ha558628d + Half;
    slopes[57] = 32'h02a6f55f;  constants[57] = 32'ha9717c9a + Half;
    slopes[58] = 32'h0299f597;  constants[58] = 32'had731d22 + Half;
    slopes[59] = 32'h028bf5ca;  constants[59] = 32'hb15f275a + Half;
    slopes[60] = 32'h027df5ff;  constants[60] = 32'hb5374d2d + Half;
    slopes[61] = 32'h026af647;  constants[61] = 32'hb8ffbaa8 + Half;
    slopes[62] = 32'h025af675;  constants[62] = 32'hbcb290a0 + Half;
    slopes[63] = 32'h0000f224;  constants[63] = 32'hc0202ddb + Half;
  end
  reg [31:0] slopes_q, slopes_out_q, constants_q, constants_out_q;
  always_ff @(posedge clk_i) begin
    slopes_q <= slopes[index_i];
    slopes_out_q <= slopes_q;
    constants_q <= constants[index_late_i];
    constants_out_q <= constants_q;
  end
  assign {c2_o, c1_o} = slopes_out_q;
  assign c0_o = constants_out_q;
endmodule
